// Places where a task lets itself be preempted, and places where it does not.
//
// Off a worker thread checkpoints and NoPreempt do nothing, yield() is sched_yield(2) and sleeping sleeps the
// thread.
#ifndef PREEMPT_CHECKPOINT_H_
#define PREEMPT_CHECKPOINT_H_

#include <chrono>

#include "preempt/detail/config.h"
#include "preempt/no_checkpoints.h"

namespace preempt {
namespace detail {

// Called when the guard word is set. Keeps errno.
PREEMPT_EXPORT void checkpoint_slow_path();

// True when a preemption is asked for. The guard word is glibc's %fs:0x70 (tcbhead_t.__private_ss): 0 at rest, so no
// stack pointer is below it; 0xfffffffffffffade when the watchdog wants the thread, so every one is. It is Go's
// stackguard0 compare with stackPreempt (src/runtime/stack.go): one fused compare and branch, no TLS model involved.
[[gnu::always_inline]] inline bool preemption_asked() {
#ifdef PREEMPT_EAGER
  return true;
#else
  bool asked;
  asm volatile("cmpq %%fs:0x70, %%rsp" : "=@ccb"(asked));
  return asked;
#endif
}

[[gnu::always_inline]] inline void checkpoint() {
  if (__builtin_expect(preemption_asked(), false)) checkpoint_slow_path();
}

}  // namespace detail

// Lets the task be preempted here if its slice is over and another task waits; otherwise costs one compare. Safe
// anywhere in a pinned task, also while it holds locks. In a migratable task the promise of TaskOptions::migratable
// must hold here. Not async-signal-safe.
#define PREEMPT_CHECKPOINT() ::preempt::detail::checkpoint()

// Lets another task that waits at the same or a higher level run first. Returns at once when there is none.
PREEMPT_EXPORT void yield();

// Sleeps for at least `duration` without holding a processor: other tasks run meanwhile. A migratable task is set aside
// and holds no thread either.
PREEMPT_EXPORT void sleep_for(std::chrono::nanoseconds duration);
PREEMPT_EXPORT void sleep_until(std::chrono::steady_clock::time_point time);

// While one lives, its task is not preempted. A request that arrives meanwhile is honoured when the outermost one
// ends. The task still loses its processor while it sleeps in the kernel. Must end on the fiber and in the scope that
// began it.
class PREEMPT_EXPORT NoPreempt {
 public:
  NoPreempt() noexcept;
  ~NoPreempt();
  NoPreempt(const NoPreempt&) = delete;
  NoPreempt& operator=(const NoPreempt&) = delete;
};

}  // namespace preempt

#endif  // PREEMPT_CHECKPOINT_H_
