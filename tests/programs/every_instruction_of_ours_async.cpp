// Our own assembly, the trampoline of the injected call and the switch between stacks, gets the signal at each of its
// instructions, with each way to save the vector registers; the task that was set aside finds its registers as they
// were. At each of these instructions stacks are walked, too, as a profiler's handler would: by unwind tables, which
// must lead through the trampoline and the switch to the task and to the loop that runs it, and by frame pointers.
#include <execinfo.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <string>

#include "absl/debugging/stacktrace.h"
#include "absl/debugging/symbolize.h"
#include "fiber/sanitizer.h"
#include "support/seed.h"
#include "support/step_kernel.h"
#include "support/stepped_run.h"

// A value in each part of the state that every method saves, and DF.
PREEMPT_STEP_KERNEL(step_few, R"(
  movdqu (%rdi), %xmm1
  movdqu 16(%rdi), %xmm15
  fld1
  std
  paddq %xmm15, %xmm1
  mov 32(%rdi), %rax
  fstpl 32(%rsi)
  cld
  movdqu %xmm1, (%rsi)
  mov %rax, 16(%rsi)
)");

namespace preempt {
namespace {

using assembly::VectorState;
using testing::Block;
using testing::Stepper;

// A walk from the signal handler outwards.
class Walk {
 public:
  static constexpr int kMostFrames = 64;

  // Inlined, so that the caller's is the first frame.
  [[gnu::always_inline]] void by_unwind_tables() { size_ = backtrace(frames_.data(), kMostFrames); }
  // The task's own function, and outside it the same frames as `outer` has outside its first.
  bool leads_to(const Walk& outer) const {
    const auto end = frames_.begin() + size_, outer_end = outer.frames_.begin() + outer.size_;
    const auto frames = outer.size_ - 1;
    if (size_ <= frames || !std::equal(end - frames, end, outer_end - frames)) return false;
    return std::any_of(frames_.begin(), end,
                       [](void* pc) { return signal::is_signal_safe(reinterpret_cast<std::uintptr_t>(pc)); });
  }
  bool has(const std::string& function) const {
    return std::any_of(frames_.begin(), frames_.begin() + size_, [&](void* pc) {
      std::array<char, 200> name;
      return absl::Symbolize(pc, name.data(), name.size()) && function == name.data();
    });
  }

 private:
  std::array<void*, kMostFrames> frames_ = {};
  int size_ = 0;
};

Walk of_task;  // taken in the subject, undisturbed
std::uint64_t walks = 0, walks_of_task = 0, lost = 0;
std::uintptr_t first_lost = 0;

void walk(ucontext_t& context, bool of_subject) {
  Walk here;
  here.by_unwind_tables();
  ++walks;
  walks_of_task += of_subject;
  if (of_subject && !here.leads_to(of_task) && lost++ == 0) {
    first_lost = static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  }
  // Frame pointers, where there may be none: whatever they lead to, it must not crash.
  std::array<void*, Walk::kMostFrames> frames;
  absl::GetStackTrace(frames.data(), Walk::kMostFrames, 0);
  absl::GetStackTraceWithContext(frames.data(), Walk::kMostFrames, 0, &context, nullptr);
}

// Uses another method to save the vector registers while it lives. No other task is in the trampoline then.
class Method {
 public:
  explicit Method(std::uint32_t method) {
    preempt_asm_vector_state.method = method;
    if (method == PREEMPT_VECTOR_FXSAVE) preempt_asm_vector_state.has_avx = 0;
  }
  ~Method() { preempt_asm_vector_state = kept_; }
  Method(const Method&) = delete;
  Method& operator=(const Method&) = delete;

 private:
  const VectorState kept_ = preempt_asm_vector_state;
};

// A task that brings the next one while the subject is set aside, and stays: each begins on a new stack, in
// preempt_asm_fiber_entry.
class Row {
 public:
  void run(Executor& executor, int more) {
    while (!may_grow_) yield();
    if (more > 0) executor.execute([this, &executor, more] { run(executor, more - 1); }, {.migratable = true});
    while (!stop_) yield();
  }
  void let_grow() { may_grow_ = true; }
  void stop() { stop_ = true; }

 private:
  std::atomic<bool> may_grow_ = false, stop_ = false;
};

TEST(EveryInstructionOfOursAsync, IsUndisturbedAndCanBeWalked) {
  if (fiber::kIsSanitized) GTEST_SKIP() << "single steps through an instrumented scheduler take minutes";
  Block in, undisturbed;
  testing::Random random(1);
  for (unsigned char& byte : in.bytes) byte = static_cast<unsigned char>(random.next());
  step_few(in, undisturbed);

  Row row;
  const auto subject = [&](Stepper& stepper, Executor&) {
    of_task.by_unwind_tables();
    row.let_grow();
    for (std::uint32_t method = 0; method <= preempt_asm_vector_state.method; ++method) {
      const Method use(method);
      Block out;
      stepper.step([&] { step_few(in, out); });
      EXPECT_EQ(out, undisturbed) << "method " << method;
    }
    row.stop();
  };
  void* frame;
  backtrace(&frame, 1);  // loads the unwinder, which must not happen in a handler
  const Stepper::Counts counts =
      testing::stepped_run({.preemption = Preemption::kSignalSafe,
                            // Long beside a stepped switch, or starving levels have their turns all the time.
                            .time_slice = std::chrono::milliseconds(5),
                            .max_threads = 1,
                            .scope = Stepper::Scope::kOurs,
                            .look = walk,
                            .beside = [&](Executor& executor) { row.run(executor, 4); }},
                           subject);
  EXPECT_EQ(counts.injected, counts.marked_steps);
  EXPECT_EQ(counts.stopped, 0u);

  std::printf("  %lu signals in our assembly; %lu walks, %lu of them of the task\n", counts.own_steps, walks,
              walks_of_task);
  for (std::size_t i = 0; i < testing::own_code.size(); ++i) {
    const testing::OwnCode& code = testing::own_code[i];
    std::printf("  at %zu instructions of %s\n", counts.own_instructions(i), code.name);
    // Of the methods the cpu may lack the best.
    const bool all = preempt_asm_vector_state.method == PREEMPT_VECTOR_XSAVEC && preempt_asm_vector_state.has_avx;
    if (i > 0 || all) {
      EXPECT_EQ(counts.own_instructions(i), code.instructions) << code.name;
    }
  }
  EXPECT_GT(walks_of_task, counts.injected * testing::own_code[0].instructions / 2);
  EXPECT_TRUE(of_task.has("preempt::core::Scheduler::loop()"));
  EXPECT_EQ(lost, 0u) << "walks that did not find the task, the first from " << std::hex << first_lost;
}

}  // namespace
}  // namespace preempt

int main(int argc, char** argv) {
  absl::InitializeSymbolizer(argv[0]);
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
