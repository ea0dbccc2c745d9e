// What the command lines of the open-loop benchmarks have in common. Throws std::invalid_argument, with a message for
// the user.
#ifndef PREEMPT_BENCH_TAIL_FLAGS_H_
#define PREEMPT_BENCH_TAIL_FLAGS_H_

#include <chrono>
#include <string>
#include <vector>

#include "experiment.h"

namespace preempt::bench {

std::vector<double> loads_from(const std::vector<std::string>& texts);
std::vector<std::chrono::nanoseconds> slices_from(const std::vector<std::string>& texts);

void validate(const Setting& setting);

// Those whose name contains `part`.
void keep_only(std::vector<PoolUnderTest>& pools, const std::string& part);

// Reads the flags, runs, and says what was thrown. The exit status.
int run_with_flags(int argc, char** argv, const char* usage, int (*run)());

// As many cpus for the pool as it has processors, one for the generator if that leaves any.
Site choose_site(int processors);

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_FLAGS_H_
