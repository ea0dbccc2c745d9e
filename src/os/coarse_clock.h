// The time of a moment ago, for dating bursts.
#ifndef PREEMPT_OS_COARSE_CLOCK_H_
#define PREEMPT_OS_COARSE_CLOCK_H_

#include <cstdint>

#include "os/clock.h"

namespace preempt::os {

// As now(), but the last answer again while the time stamp counter says that it is no more than about two microseconds
// old: the counter costs half of now(), which is a fifth of an empty task. Never early, never backwards while
// CLOCK_MONOTONIC is not; where counters of two cpus differ, it asks more or is late by that difference once. One
// thread at a time. (CLOCK_MONOTONIC_COARSE is up to 4 ms old.)
class CoarseClock {
 public:
  // Of 0.25 to 1 ns. Written before the first executor is made, where a simulated cpu is many times slower than its
  // counter.
  static inline std::uint64_t trusted_ticks = 4096;

  Nanos now() {
    const std::uint64_t ticks = __builtin_ia32_rdtsc();
    if (ticks - asked_at_ >= trusted_ticks) {
      answer_ = os::now();
      asked_at_ = ticks;
    }
    return answer_;
  }
  // The last answer while it would be given again; 0: not so.
  Nanos answer_that_holds() const { return __builtin_ia32_rdtsc() - asked_at_ < trusted_ticks ? answer_ : 0; }

 private:
  std::uint64_t asked_at_ = 0;
  Nanos answer_ = 0;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_COARSE_CLOCK_H_
