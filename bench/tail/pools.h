// The pools that can be measured, by name.
#ifndef PREEMPT_BENCH_TAIL_POOLS_H_
#define PREEMPT_BENCH_TAIL_POOLS_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "run.h"

namespace preempt::bench {

struct PoolUnderTest {
  std::string name;
  std::function<Outcome(const Plan&, const Site&)> run;
};

// All peers that are installed, and ours without preemption.
std::vector<PoolUnderTest> pools_without_preemption(int processors);

// Ours with slices of this length.
PoolUnderTest preempting_pool(int processors, std::chrono::nanoseconds time_slice);

// "slice 1 ms"
std::string slice_text(std::chrono::nanoseconds time_slice);

inline constexpr const char* kOursName = "preempt, ";  // and the slice
inline constexpr const char* kTbbName = "oneTBB arena";

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_POOLS_H_
