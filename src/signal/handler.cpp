#include "signal/handler.h"

#include <ucontext.h>

#include "asm/async.h"
#include "fiber/gate.h"
#include "os/saved_errno.h"
#include "os/thread.h"
#include "signal/disposition.h"
#include "signal/interrupted_call.h"
#include "signal/observe.h"
#include "signal/push_call.h"
#include "signal/safe_point.h"

namespace preempt::signal {
namespace {

// A task may run with alignment checks on; the kernel does not clear AC for handlers, and ours is ordinary code.
inline void clear_alignment_check() noexcept {
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"
      "pushfq\n\t"
      "andl $~0x40000, (%%rsp)\n\t"
      "popfq\n\t"
      "leaq 128(%%rsp), %%rsp" ::: "cc", "memory");
}

Verdict carry_out(Verdict verdict, fiber::Gate& gate, ucontext_t& context) noexcept {
  switch (verdict) {
    case Verdict::kCallRewound:
      rewind(context);
      gate.rewound.store(true, std::memory_order_relaxed);
      return verdict;
    case Verdict::kInScheduler:
    case Verdict::kNoPreempt:
      gate.defer();
      return verdict;
    case Verdict::kFiberSwitch:
      push_call(context);
      return verdict;
    case Verdict::kTryAgain:
      ++gate.tries;
      return gate.on_preempt(gate, fiber::Entry::kTryAgain);
    case Verdict::kWithoutProcessor:
      return gate.on_preempt(gate, fiber::Entry::kWithoutProcessor);
    case Verdict::kThreadSwitch:
      return gate.on_preempt(gate, fiber::Entry::kStopThread);
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
  if (gate != nullptr && gate->asked.exchange(false, std::memory_order_relaxed)) {
    const Verdict verdict = decide(context, *gate, reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
    observe(context, verdict);
    gate->count(carry_out(verdict, *gate, context));
  } else if (interrupted_call(context) == InterruptedCall::kRestartable) {
    rewind(context);  // a second signal for a request that the first has answered
  }
}

}  // namespace preempt::signal

// The injected call lands here, on the task's own stack.
extern "C" void preempt_async_entry() {
  const preempt::os::SavedErrno saved_errno;
  preempt::fiber::Gate* gate = preempt::fiber::current_gate();
  if (gate != nullptr && !gate->defer_if_closed()) {
    static_cast<void>(gate->on_preempt(*gate, preempt::fiber::Entry::kInjected));
  }
}
