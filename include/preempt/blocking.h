// Tells the scheduler that the code inside may sleep in the kernel.
//
// Nothing needs this: a worker that sleeps with work waiting behind it is found by the watchdog. The scope makes it
// cheap to find (no look into /proc) and keeps signals away from the system call. Model: Go's entersyscall and
// exitsyscall (src/runtime/proc.go).
#ifndef PREEMPT_BLOCKING_H_
#define PREEMPT_BLOCKING_H_

#include "preempt/detail/config.h"

namespace preempt {

// Tag: hand the processor on at once, without waiting for the watchdog (Go's entersyscallblock).
struct Now {};
inline constexpr Now kNow;

// While one lives, the processor may be given to another worker. Then its end waits until the task has a processor
// again; under Preemption::kEverywhere a task whose bursts between blocks are below 100 us goes on without waiting.
// Does nothing off a worker. Scopes nest; only the outermost one counts. Must end on the thread that began it: a
// migratable task must not pass a checkpoint inside. Keeps errno.
class PREEMPT_EXPORT Blocking {
 public:
  Blocking() noexcept;
  explicit Blocking(Now) noexcept;
  ~Blocking();
  Blocking(const Blocking&) = delete;
  Blocking& operator=(const Blocking&) = delete;
};

}  // namespace preempt

#endif  // PREEMPT_BLOCKING_H_
