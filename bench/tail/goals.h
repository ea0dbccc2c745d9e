// What preempt is to reach in this benchmark, and whether it does.
#ifndef PREEMPT_BENCH_TAIL_GOALS_H_
#define PREEMPT_BENCH_TAIL_GOALS_H_

#include <cstdio>

#include "experiment.h"

namespace preempt::bench {

// For mixtures of many short requests and few long ones; in others the same ratios mean little. Those against a pool
// that was not measured are left out. Returns whether all are met.
bool print_goals(std::FILE* out, const Experiment& experiment);

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_GOALS_H_
