// fork(2): the child has the forking thread only.
#ifndef PREEMPT_CORE_FORK_H_
#define PREEMPT_CORE_FORK_H_

#include <atomic>

namespace preempt::core {

// How often this process descends by fork(2) from the one that loaded the library. An executor of another generation
// has no threads here.
inline constinit std::atomic<int> fork_count = 0;
inline int fork_generation() noexcept { return fork_count.load(std::memory_order_relaxed); }

// Registers the atfork(3) child handler, once: the thread stops being a worker, its guard word is cleared.
void watch_forks();

}  // namespace preempt::core

#endif  // PREEMPT_CORE_FORK_H_
