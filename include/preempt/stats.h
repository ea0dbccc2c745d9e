// What an Executor has done since it started.
#ifndef PREEMPT_STATS_H_
#define PREEMPT_STATS_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "preempt/detail/config.h"

namespace preempt {

// How one look at a running task ended. The first group is decided by the sender, who then sends no signal; the
// second by the signal handler; the last is found out afterwards.
enum class Verdict : std::uint8_t {
  // Sender.
  kAsleep,          // the thread sleeps in the kernel (S, D): a case for the hand-off, not for a signal
  kTraced,          // a debugger or SIGSTOP holds the thread (t, T)
  kRequestPending,  // an earlier request to this worker is not answered yet
  // Handler, nothing done.
  kNotAsked,         // the signal was not ours: forwarded to the former handler
  kCallRewound,      // it had interrupted a system call that SA_RESTART does not cover: it goes on, no switch
  kCallUnreadable,   // as above, but the call site could not be read: the caller sees EINTR
  kInScheduler,      // in the scheduler: honoured when it is left
  kNoPreempt,        // inside a NoPreempt scope: honoured when it ends
  kInSignalHandler,  // another signal handler of the thread was running: tried again
  kForeignStack,     // the handler runs on an alternate stack that is not ours
  kNotSafe,          // Preemption::kSignalSafe, and the code is not marked
  kTryAgain,         // in libc or the allocator, where a stopped task makes others wait: tried again soon
  kNotDue,           // the task that the request meant is gone, or its time is not over
  kNothingWaiting,   // no other task waits any more
  kNoSpare,          // nobody to take the processor: no thread is free and max_threads is reached or being made
  // Handler, something done.
  kFiberSwitch,       // a call was injected: the migratable task gives its thread up
  kThreadSwitch,      // the thread was parked, another one goes on with the processor
  kWithoutProcessor,  // the processor was taken while the thread slept: it took an idle one or queued itself
  // Afterwards.
  kUnanswered,  // no handler of ours ran within a slice: signal masked, or handler replaced
  kCount
};

// Name of a verdict, as in the enumeration. Static storage.
PREEMPT_EXPORT const char* to_string(Verdict verdict) noexcept;

// Counters since the start; read without stopping anything, so they may be some events apart from each other.
struct PREEMPT_EXPORT Stats {
  std::uint64_t tasks_submitted = 0;
  std::uint64_t tasks_completed = 0;
  std::uint64_t checkpoint_yields = 0;   // switches at a checkpoint or yield(), of either kind
  std::uint64_t fiber_preemptions = 0;   // migratable tasks set aside by an injected call
  std::uint64_t thread_preemptions = 0;  // threads parked in the signal handler
  std::uint64_t fiber_switches = 0;      // switches between fibers for any reason
  std::uint64_t handoffs = 0;            // processors taken from workers that slept in the kernel
  std::uint64_t returns_own = 0;         // ends of Blocking scopes whose task still had its processor
  std::uint64_t returns_idle = 0;        // blocked tasks that came back to an idle processor ...
  std::uint64_t returns_queued = 0;      // ... or had to queue, because none was ...
  std::uint64_t returns_on_credit = 0;   // ... or computed on without one, for a moment
  std::uint64_t steals = 0;              // times that an idle processor took work from another one
  std::uint64_t signals_sent = 0;
  std::uint64_t watchdog_wakeups = 0;
  std::uint64_t spares_failed = 0;      // threads that could not be made when one was needed
  std::uint64_t threads_exhausted = 0;  // times that one was needed and all of Options::max_threads were in use
  std::uint64_t stacks_unguarded = 0;   // stacks without a guard page: their overflow is seen at the next switch only
  int workers = 0;                      // threads now
  int workers_peak = 0;

  // How often a look at a running task ended so.
  std::uint64_t verdict(Verdict which) const { return verdicts[static_cast<std::size_t>(which)]; }

  std::array<std::uint64_t, static_cast<std::size_t>(Verdict::kCount)> verdicts = {};
};

}  // namespace preempt

#endif  // PREEMPT_STATS_H_
