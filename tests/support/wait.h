// Waiting for what other threads do, and computing for a while.
#ifndef PREEMPT_TESTS_SUPPORT_WAIT_H_
#define PREEMPT_TESTS_SUPPORT_WAIT_H_

#include <chrono>
#include <ctime>
#include <thread>

namespace preempt::testing {

// True as soon as `predicate()` is; false when it was not within `limit`.
template <class Predicate>
bool eventually(Predicate&& predicate, std::chrono::nanoseconds limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!predicate()) {
    if (std::chrono::steady_clock::now() > deadline) return predicate();
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  return true;
}

// A few microseconds of instructions of the caller's own: no call, no checkpoint.
[[gnu::always_inline]] inline void spin_a_little() {
  for (int i = 0; i < 4000; ++i) asm volatile("");
}

// Computes until `duration` of wall time is over.
inline void busy_for(std::chrono::nanoseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) spin_a_little();
}

inline std::chrono::nanoseconds cpu_time(clockid_t clock) {
  timespec now = {};
  clock_gettime(clock, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

// Computes until this thread has spent `duration` of cpu time: the same work on a loaded machine. Pinned tasks only.
inline void busy_cpu_for(std::chrono::nanoseconds duration) {
  const auto end = cpu_time(CLOCK_THREAD_CPUTIME_ID) + duration;
  while (cpu_time(CLOCK_THREAD_CPUTIME_ID) < end) spin_a_little();
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_WAIT_H_
