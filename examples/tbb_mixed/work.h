// Computing of a known length. It is counted in rounds, not in time: a body that was preempted in the middle has all of
// its remaining work still to do.
#ifndef PREEMPT_EXAMPLES_TBB_MIXED_WORK_H_
#define PREEMPT_EXAMPLES_TBB_MIXED_WORK_H_

#include <cstdint>

namespace tbb_mixed {

// `rounds` dependent integer operations: no memory, no call, no lock. Same answer for the same `rounds`.
std::uint64_t compute(std::uint64_t rounds);

// How many rounds take a microsecond of an undisturbed cpu. Takes about 100 ms.
double measure_rounds_per_us();

}  // namespace tbb_mixed

#endif  // PREEMPT_EXAMPLES_TBB_MIXED_WORK_H_
