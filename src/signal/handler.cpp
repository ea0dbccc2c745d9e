#include "signal/handler.h"

#include <ucontext.h>

#include "asm/async.h"
#include "fiber/gate.h"
#include "fiber/stale_address.h"
#include "os/saved_errno.h"
#include "os/thread.h"
#include "signal/alignment_check.h"
#include "signal/continued_call.h"
#include "signal/disposition.h"
#include "signal/interrupted_call.h"
#include "signal/observe.h"
#include "signal/push_call.h"
#include "signal/safe_point.h"

namespace preempt::signal {
namespace {

std::uintptr_t pc_of(const ucontext_t& context) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
}

// The call goes on in here, which keeps its time, or starts again, which makes that longer by the signal's way. Nobody
// else's alternate stack is slept on.
void mend_call(ucontext_t& context, fiber::Gate& gate, int signal, std::uintptr_t here) noexcept {
  const bool may_wait = gate.alternate_stack.contains(here);
  if (may_wait && interrupted_call(context) == InterruptedCall::kContinuable && continue_call(context, gate, signal)) {
    return;
  }
  gate.cut(pc_of(context));
  rewind(context);
}

void rewind_if_cut(ucontext_t& context) noexcept {
  const InterruptedCall call = interrupted_call(context);
  if (call == InterruptedCall::kRestartable || call == InterruptedCall::kContinuable) rewind(context);
}

Verdict switched(Verdict verdict, fiber::Gate& gate) noexcept {
  if (verdict == Verdict::kThreadSwitch || verdict == Verdict::kFiberSwitch) gate.forget_cuts();
  return verdict;
}

Verdict carry_out(Verdict verdict, fiber::Gate& gate, ucontext_t& context) noexcept {
  switch (verdict) {
    case Verdict::kCallUnreadable:
      gate.cut(pc_of(context));
      return verdict;
    case Verdict::kInScheduler:
    case Verdict::kNoPreempt:
      gate.defer();
      return verdict;
    case Verdict::kFiberSwitch:
      push_call(context);
      return switched(verdict, gate);
    case Verdict::kTryAgain:
      ++gate.tries;
      return gate.on_preempt(gate, fiber::Entry::kTryAgain);
    case Verdict::kWithoutProcessor:
      return gate.on_preempt(gate, fiber::Entry::kWithoutProcessor);
    case Verdict::kThreadSwitch:
      return switched(gate.on_preempt(gate, fiber::Entry::kStopThread), gate);
    default:
      return verdict;
  }
}

}  // namespace

void handle(int signal, siginfo_t* info, void* raw_context) {
  clear_alignment_check();
  const os::SavedErrno saved_errno;
  fiber::Gate* gate = fiber::current_gate();
  // Past the user's RLIMIT_SIGPENDING the kernel delivers a signal without its particulars, our mark included.
  const bool may_be_ours = gate != nullptr && os::has_no_particulars(*info);
  if (!os::has_our_mark(*info) && !may_be_ours) {
    if (gate != nullptr) gate->count(Verdict::kNotAsked);
    forward(signal, info, raw_context);
    return;
  }
  auto& context = *static_cast<ucontext_t*>(raw_context);
  if (gate == nullptr) return rewind_if_cut(context);  // it has just stopped being a worker
  gate->signals.fetch_add(1, std::memory_order_relaxed);
  const auto here = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0));
  const Verdict verdict = decide(context, *gate, here);
  if (gate->asked.exchange(false, std::memory_order_relaxed)) {
    observe(context, verdict);
    gate->count(verdict == Verdict::kCallRewound ? verdict : carry_out(verdict, *gate, context));
  }
  // Also of a second signal for a request that the first has answered. Last, since it may wait.
  if (verdict == Verdict::kCallRewound) mend_call(context, *gate, signal, here);
}

}  // namespace preempt::signal

// The injected call lands here, on the task's own stack.
extern "C" void preempt_async_entry(std::uint64_t* registers, std::size_t count) {
  const preempt::os::SavedErrno saved_errno;
  preempt::fiber::Gate* gate = preempt::fiber::current_gate();
  if (gate == nullptr || gate->defer_if_closed()) return;
  const preempt::fiber::FormerThread thread(*gate);
  static_cast<void>(gate->on_preempt(*gate, preempt::fiber::Entry::kInjected));
  thread.spoil_addresses({registers, count});
}
