// Time, in nanoseconds of CLOCK_MONOTONIC.
#ifndef PREEMPT_OS_CLOCK_H_
#define PREEMPT_OS_CLOCK_H_

#include <cstdint>
#include <limits>

namespace preempt::os {

using Nanos = std::int64_t;

inline constexpr Nanos kNever = std::numeric_limits<Nanos>::max();
inline constexpr Nanos kMicrosecond = 1000;
inline constexpr Nanos kMillisecond = 1000 * kMicrosecond;
inline constexpr Nanos kSecond = 1000 * kMillisecond;

// By the vDSO, which takes no lock: safe in a signal handler.
Nanos now();

// Sleeps the thread until `deadline`; signals do not cut it short.
void sleep_until(Nanos deadline);

}  // namespace preempt::os

#endif  // PREEMPT_OS_CLOCK_H_
