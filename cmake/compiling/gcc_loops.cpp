// GCC plugin: a checkpoint at each back-edge of a function's flow graph. Compiled by the compiler that is to load it.
// The order is GCC's, whose headers do not include what they need.
// clang-format off
#include "gcc-plugin.h"
#include "tree.h"
#include "stringpool.h"
#include "attribs.h"
#include "basic-block.h"
#include "cfganal.h"
#include "dominance.h"
#include "context.h"
#include "gimple.h"
#include "gimple-iterator.h"
#include "cgraph.h"
#include "varasm.h"
#include "tree-pass.h"
// clang-format on

#include "loop_checkpoint.h"

int plugin_is_GPL_compatible;  // GCC refuses plugins that do not define it

namespace {

constexpr pass_data kLoopCheckpoints = {
    .type = GIMPLE_PASS,
    .name = "preempt_loops",
    .optinfo_flags = OPTGROUP_NONE,
    .tv_id = TV_NONE,
    .properties_required = PROP_cfg,
    .properties_provided = 0,
    .properties_destroyed = 0,
    .todo_flags_start = 0,
    .todo_flags_finish = 0,
};

bool has_checkpoints(tree function) {
  return lookup_attribute("no_split_stack", DECL_ATTRIBUTES(function)) == NULL_TREE;
}

gasm* make_checkpoint() {
  gasm* checkpoint = gimple_build_asm_vec(PREEMPT_LOOP_CHECKPOINT("%%"), nullptr, nullptr, nullptr, nullptr);
  gimple_asm_set_volatile(checkpoint, true);
  return checkpoint;
}

// A call of a function of this translation unit, which begins with a checkpoint.
bool calls_checkpoint(basic_block block) {
  for (gimple_stmt_iterator i = gsi_start_bb(block); !gsi_end_p(i); gsi_next(&i)) {
    const tree callee = is_gimple_call(gsi_stmt(i)) ? gimple_call_fndecl(gsi_stmt(i)) : NULL_TREE;
    const cgraph_node* const node = callee != NULL_TREE ? cgraph_node::get(callee) : nullptr;
    if (node != nullptr && node->definition && decl_binds_to_current_def_p(callee) && has_checkpoints(callee))
      return true;
  }
  return false;
}

// Every turn passes the blocks that dominate its back-edge, from the loop's head on.
bool has_checkpoint_already(edge back) {
  for (basic_block block = back->src; block != nullptr; block = get_immediate_dominator(CDI_DOMINATORS, block)) {
    if (calls_checkpoint(block)) return true;
    if (block == back->dest) return false;
  }
  return false;
}

class LoopCheckpoints final : public gimple_opt_pass {
 public:
  explicit LoopCheckpoints(gcc::context* context) : gimple_opt_pass(kLoopCheckpoints, context) {}

  bool gate(function* function) override { return has_checkpoints(function->decl); }

  unsigned int execute(function* function) override {
    if (!mark_dfs_back_edges()) return 0;
    calculate_dominance_info(CDI_DOMINATORS);
    basic_block block;
    FOR_EACH_BB_FN(block, function) {
      edge out;
      edge_iterator iterator;
      FOR_EACH_EDGE(out, iterator, block->succs) {
        // Edges of computed jumps cannot be split.
        if ((out->flags & EDGE_DFS_BACK) == 0 || (out->flags & EDGE_COMPLEX) != 0) continue;
        if (!has_checkpoint_already(out)) gsi_insert_on_edge(out, make_checkpoint());
      }
    }
    free_dominance_info(CDI_DOMINATORS);
    gsi_commit_edge_inserts();
    return 0;
  }
};

}  // namespace

int plugin_init(plugin_name_args* plugin, plugin_gcc_version*) {
  // After the last pass on GIMPLE that moves code, at every level of optimisation.
  register_pass_info where = {
      .pass = new LoopCheckpoints(g),
      .reference_pass_name = "optimized",
      .ref_pass_instance_number = 1,
      .pos_op = PASS_POS_INSERT_AFTER,
  };
  register_callback(plugin->base_name, PLUGIN_PASS_MANAGER_SETUP, nullptr, &where);
  return 0;
}
