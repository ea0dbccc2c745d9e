// Preempts one task, the subject, at every instruction, by the real signal.
//
// 1. The subject sets the trap flag: after each of its instructions the kernel sends SIGTRAP.
// 2. The handler of SIGTRAP waits until the slice is over and sends our signal, which it blocks itself: the kernel
//    delivers it on the way back, at that very instruction, and src/signal/handler.cpp decides.
// 3. observe() runs before the decision is carried out. It keeps the register file. After a thread switch the next trap
//    would come behind the instruction, so the task is made to come back to a `nop`.
// 4. An injected call saves the flags with the trap flag in them, so the flag may be cleared below it, and the last
//    instructions of the trampoline bring it back. With Scope::kOurs it stays, and the trampoline and the stack
//    switch are stepped, too, with a signal at each of their instructions.
// 5. The next trap is at the interrupted instruction: the register file must be the same, on whatever thread. A task
//    that was not set aside, because its time was not over or nothing waited, is asked again.
#ifndef PREEMPT_TESTS_SUPPORT_STEPPER_H_
#define PREEMPT_TESTS_SUPPORT_STEPPER_H_

#include <gtest/gtest.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "core/processor.h"
#include "core/worker.h"
#include "os/clock.h"
#include "os/saved_errno.h"
#include "os/thread.h"
#include "signal/code_ranges.h"
#include "signal/observer.h"
#include "support/own_code.h"
#include "support/register_file.h"

extern "C" {
// Where a task comes back to from a thread switch: the trap behind the nop finds every register as it was.
extern const char preempt_test_nop[];
void preempt_test_set_trap_flag();
void preempt_test_clear_trap_flag();
}
asm(R"(
  .text
preempt_test_nop:
  nop
  ud2
.macro preempt_test_change_flags name, change:vararg
\name:
  .cfi_startproc
  pushfq
  .cfi_adjust_cfa_offset 8
  \change, (%rsp)
  popfq
  .cfi_adjust_cfa_offset -8
  ret
  .cfi_endproc
.endm
  preempt_test_change_flags preempt_test_set_trap_flag, orl $0x100
  preempt_test_change_flags preempt_test_clear_trap_flag, andl $~0x100
)");

namespace preempt::testing {

class Stepper {
 public:
  enum class Scope { kSubject, kOurs };
  static constexpr std::size_t kMostBytesOfCode = 512;  // of a function of ours

  struct Counts {
    std::uint64_t steps = 0;          // instructions of the subject
    std::uint64_t marked_steps = 0;   // in PREEMPT_SIGNAL_SAFE functions
    std::uint64_t own_steps = 0;      // times that the signal arrived in our assembly
    std::uint64_t own_surprises = 0;  // of them, that were not refused as they should be
    // Instructions at which the subject was set aside and went on, by an injected call or with its thread.
    std::uint64_t injected = 0, stopped = 0;
    std::uint64_t once_more = 0;  // switches beyond that, by signals of the watchdog
    std::uint64_t migrated = 0;   // of all switches: came back on another thread
    std::uint64_t asked_again = 0;
    std::uint64_t never_switched = 0;  // asked too often
    std::uint64_t strayed = 0;         // came back somewhere else
    std::uint64_t differences = 0;
    const char* first_difference = nullptr;
    std::uintptr_t first_difference_at = 0;
    std::array<std::array<bool, kMostBytesOfCode>, 3> own_seen = {};  // by function and offset

    // Different instructions of one of our functions at which the signal arrived.
    std::size_t own_instructions(std::size_t function) const {
      return static_cast<std::size_t>(std::count(own_seen[function].begin(), own_seen[function].end(), true));
    }
  };

  // Called at each instruction of our own assembly, in a signal handler. `of_subject`: on the subject's stack.
  using Look = void (*)(ucontext_t&, bool of_subject);

  // One for the process.
  explicit Stepper(Scope scope, Look look = nullptr) : scope_(scope), look_(look) {
    current_ = this;
    signal::set_observer(&observe);
    struct sigaction action = {};
    action.sa_sigaction = &on_trap;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigfillset(&action.sa_mask);
    sigaction(SIGTRAP, &action, nullptr);
  }
  // Its handler stays: a thread may still run with the trap flag, and loses it there.
  ~Stepper() {
    signal::set_observer(nullptr);
    current_ = nullptr;
  }
  Stepper(const Stepper&) = delete;
  Stepper& operator=(const Stepper&) = delete;

  // Steps through `function` in the calling task. Nothing may be thrown out of it.
  template <class Function>
  void step(Function function) {
    subject_ = fiber::current_gate()->fiber_stack;
    preempt_test_set_trap_flag();
    function();
    preempt_test_clear_trap_flag();
    subject_ = {};
  }

  const Counts& counts() const { return counts_; }
  void expect_undisturbed() const {
    EXPECT_EQ(counts_.differences, 0u) << counts_.first_difference << " at " << std::hex << counts_.first_difference_at;
    EXPECT_EQ(counts_.strayed, 0u);
    EXPECT_EQ(counts_.own_surprises, 0u);
    EXPECT_EQ(counts_.never_switched, 0u);
    EXPECT_FALSE(away_);
  }

 private:
  static constexpr greg_t kTrapFlag = 0x100;
  static constexpr int kMostTries = 1000;

  static greg_t& register_of(ucontext_t& context, int which) { return context.uc_mcontext.gregs[which]; }
  static std::uintptr_t pc_of(const ucontext_t& context) {
    return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  }
  static std::uintptr_t nop() { return reinterpret_cast<std::uintptr_t>(preempt_test_nop); }

  // The subject may have set AC, which stays set in handlers. No locals: a sanitizer writes around them first.
  static void on_trap(int, siginfo_t*, void* context) {
    asm volatile("lea -128(%%rsp), %%rsp\n pushfq\n andl $~0x40000, (%%rsp)\n popfq\n lea 128(%%rsp), %%rsp" ::
                     : "memory", "cc");
    trap(*static_cast<ucontext_t*>(context));
  }

  [[gnu::noinline]] static void trap(ucontext_t& context) {
    const os::SavedErrno saved_errno;
    if ((register_of(context, REG_EFL) & kTrapFlag) == 0) return;  // this instruction cleared it
    if (current_ == nullptr || !current_->goes_on(context)) register_of(context, REG_EFL) &= ~kTrapFlag;
  }

  // Whether the next instruction is to be stepped, too.
  bool goes_on(ucontext_t& context) {
    const std::uintptr_t pc = pc_of(context);
    if (away_) return pc == comes_back_to_ ? come_back(context) : go_through_ours(context, pc);
    if (!is_subject(context)) return false;
    ++counts_.steps;
    counts_.marked_steps += signal::is_signal_safe(pc);
    tries_ = 0;
    is_done_ = false;
    ask_when_due();
    return true;
  }

  bool is_subject(const ucontext_t& context) const {
    return subject_.contains(static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RSP]));
  }

  bool go_through_ours(const ucontext_t& context, std::uintptr_t pc) {
    const OwnCode* ours = own_code_at(pc);
    if (scope_ == Scope::kSubject) {
      counts_.strayed += ours == nullptr;
      return ours != nullptr && !flags_are_saved(context);
    }
    if (ours != nullptr) ask();
    return true;
  }

  bool flags_are_saved(const ucontext_t& context) const {
    return left_at_ - context.uc_mcontext.gregs[REG_RSP] > PREEMPT_RED_ZONE + 8;
  }

  static void ask() {
    fiber::Gate& gate = *fiber::current_gate();
    gate.asked.store(true, std::memory_order_relaxed);
    os::send_signal(gate.thread, SIGURG);
  }

  static void ask_when_due() {
    const core::Processor* processor = core::Worker::current().processor.load(std::memory_order_relaxed);
    while (processor != nullptr && os::now() < processor->slice_end()) {
    }
    ask();
  }

  static void observe(const ucontext_t& context, Verdict verdict) {
    if (current_ == nullptr || (context.uc_mcontext.gregs[REG_EFL] & kTrapFlag) == 0) return;
    current_->take_note(const_cast<ucontext_t&>(context), verdict);
  }

  void take_note(ucontext_t& context, Verdict verdict) {
    if (const OwnCode* ours = own_code_at(pc_of(context))) note_own(*ours, context, verdict);
    if (away_ || !is_subject(context)) return;
    if (verdict == Verdict::kFiberSwitch) {
      leave(context, pc_of(context));
      if (scope_ == Scope::kOurs) ask();  // arrives at the trampoline's first instruction
    } else if (verdict == Verdict::kThreadSwitch) {
      leave(context, nop() + 1);
      register_of(context, REG_RIP) = static_cast<greg_t>(nop());
    } else if (verdict != Verdict::kNotSafe && may_ask_again()) {
      ask();  // arrives when this handler returns, so at the same instruction
    }
  }

  void note_own(const OwnCode& ours, ucontext_t& context, Verdict verdict) {
    if (look_ != nullptr) look_(context, is_subject(context));
    ++counts_.own_steps;
    counts_.own_surprises += verdict != ours.verdict;
    counts_.own_seen[&ours - own_code.data()][pc_of(context) - ours.begin] = true;
  }

  void leave(const ucontext_t& context, std::uintptr_t comes_back_to) {
    away_ = true;
    before_.save(context);
    left_at_ = context.uc_mcontext.gregs[REG_RSP];
    left_pc_ = context.uc_mcontext.gregs[REG_RIP];
    comes_back_to_ = comes_back_to;
    thread_ = os::thread_id();
    waited_since_ = core::Worker::current().fiber->waiting_since;
  }

  bool come_back(ucontext_t& context) {
    away_ = false;
    after_.save(context);
    note_difference();
    if (core::Worker::current().fiber->waiting_since != waited_since_) {
      count_switch(pc_of(context) == nop() + 1);
    } else if (may_ask_again()) {
      ask_when_due();
    }
    register_of(context, REG_RIP) = left_pc_;
    return true;
  }

  bool may_ask_again() {
    const bool may = ++tries_ < kMostTries;
    ++(may ? counts_.asked_again : counts_.never_switched);
    return may;
  }

  void count_switch(bool was_stopped) {
    const bool first = !std::exchange(is_done_, true);
    ++(!first ? counts_.once_more : was_stopped ? counts_.stopped : counts_.injected);
    counts_.migrated += os::thread_id() != thread_;
  }

  void note_difference() {
    const char* difference = before_.difference(after_);
    if (difference == nullptr || counts_.differences++ != 0) return;
    counts_.first_difference = difference;
    counts_.first_difference_at = static_cast<std::uintptr_t>(left_pc_);
  }

  static inline Stepper* current_ = nullptr;

  const Scope scope_;
  const Look look_;
  fiber::Bounds subject_;  // its stack
  Counts counts_;

  // Between the decision to set the subject aside and its return.
  bool away_ = false;
  greg_t left_at_ = 0, left_pc_ = 0;  // rsp and rip
  std::uintptr_t comes_back_to_ = 0;
  pid_t thread_ = 0;
  os::Nanos waited_since_ = 0;
  int tries_ = 0;
  bool is_done_ = false;  // it was set aside at this instruction
  RegisterFile before_, after_;
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_STEPPER_H_
