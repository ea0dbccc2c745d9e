// The tables of two contenders.
#ifndef PREEMPT_BENCH_COMPARE_TBB_REPORT_H_
#define PREEMPT_BENCH_COMPARE_TBB_REPORT_H_

#include <string>
#include <vector>

#include "samples.h"

namespace preempt::bench {

struct Workload {
  std::string name;  // as --workload takes it
  std::string what;
};

// A line for each workload; then the geometric mean of the ratios and the worst of them.
void print_times(const std::vector<Workload>& workloads, const Samples& onetbb, const Samples& ours);

// The latencies of short bodies behind long ones.
void print_tail(const Samples& onetbb, const Samples& ours);

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_TBB_REPORT_H_
