// Computing of a known length. It is counted in rounds, not in time: what was preempted in the middle has all of its
// remaining work still to do.
#ifndef PREEMPT_EXAMPLES_SUPPORT_COMPUTE_H_
#define PREEMPT_EXAMPLES_SUPPORT_COMPUTE_H_

#include <cstdint>

namespace examples {

// `rounds` dependent integer operations, about a nanosecond each: no memory, no call, no lock. Same answer for the
// same `rounds`.
std::uint64_t compute(std::uint64_t rounds);

// How many rounds take a microsecond of this thread's cpu time on an undisturbed cpu. Takes about 100 ms.
double measure_rounds_per_us();

}  // namespace examples

#endif  // PREEMPT_EXAMPLES_SUPPORT_COMPUTE_H_
