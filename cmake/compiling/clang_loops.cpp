// Clang pass plugin: a checkpoint at each back-edge of a function's flow graph.
#include <llvm/ADT/STLExtras.h>
#include <llvm/Analysis/CFG.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/InlineAsm.h>
#include <llvm/IR/PassManager.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Passes/PassPlugin.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "loop_checkpoint.h"

namespace {

void add_checkpoint(llvm::Instruction* before) {
  llvm::IRBuilder<> builder(before);
  auto* type = llvm::FunctionType::get(builder.getVoidTy(), /*isVarArg=*/false);
  builder.CreateCall(llvm::InlineAsm::get(type, PREEMPT_LOOP_CHECKPOINT("%"), "~{dirflag},~{fpsr},~{flags}",
                                          /*hasSideEffects=*/true));
}

// Every turn passes the blocks that dominate its back-edge, from the loop's head on. A function that calls itself has a
// frame, and so a checkpoint of its own.
bool calls_itself_in_each_turn(const llvm::DominatorTree& tree, const llvm::BasicBlock* from,
                               const llvm::BasicBlock* to) {
  for (const auto* node = tree.getNode(from); node != nullptr; node = node->getIDom()) {
    for (const llvm::Instruction& instruction : *node->getBlock()) {
      const auto* call = llvm::dyn_cast<llvm::CallBase>(&instruction);
      if (call != nullptr && call->getCalledFunction() == from->getParent()) return true;
    }
    if (node->getBlock() == to) return false;
  }
  return false;
}

struct LoopCheckpoints : llvm::PassInfoMixin<LoopCheckpoints> {
  static bool isRequired() { return true; }  // also at -O0

  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager&) {
    // What -fsplit-stack gives to each function that does not refuse it.
    if (!function.hasFnAttribute("split-stack")) return llvm::PreservedAnalyses::all();
    llvm::SmallVector<std::pair<const llvm::BasicBlock*, const llvm::BasicBlock*>, 8> edges;
    llvm::FindFunctionBackedges(function, edges);
    // Decided before the graph changes.
    const llvm::DominatorTree tree(function);
    llvm::erase_if(edges,
                   [&tree](const auto& edge) { return calls_itself_in_each_turn(tree, edge.first, edge.second); });
    bool changed = false;
    for (const auto& [constant_from, constant_to] : edges) {
      auto* from = const_cast<llvm::BasicBlock*>(constant_from);
      auto* to = const_cast<llvm::BasicBlock*>(constant_to);
      // Edges of computed jumps and of exceptions cannot be split.
      if (llvm::isa<llvm::IndirectBrInst>(from->getTerminator()) || to->isEHPad()) continue;
      add_checkpoint(llvm::SplitEdge(from, to)->getTerminator());
      changed = true;
    }
    return changed ? llvm::PreservedAnalyses::none() : llvm::PreservedAnalyses::all();
  }
};

}  // namespace

extern "C" LLVM_ATTRIBUTE_WEAK llvm::PassPluginLibraryInfo llvmGetPassPluginInfo() {
  return {LLVM_PLUGIN_API_VERSION, "preempt_loops", "1", [](llvm::PassBuilder& builder) {
            builder.registerOptimizerLastEPCallback([](llvm::ModulePassManager& passes, auto...) {
              passes.addPass(llvm::createModuleToFunctionPassAdaptor(LoopCheckpoints()));
            });
          }};
}
