// The table of one run.
#ifndef PREEMPT_EXAMPLES_TBB_MIXED_REPORT_H_
#define PREEMPT_EXAMPLES_TBB_MIXED_REPORT_H_

#include <chrono>
#include <cstdio>
#include <vector>

#include "plan.h"

namespace tbb_mixed {

struct Result {
  const std::vector<Arrival>& plan;
  const std::vector<std::chrono::nanoseconds>& latencies;  // in the plan's order
};

// A Markdown table, a line for each arena and one for both.
void print_table(std::FILE* out, const Result& result);

// Milliseconds, of the short bodies of both arenas.
double short_p99_ms(const Result& result);

}  // namespace tbb_mixed

#endif  // PREEMPT_EXAMPLES_TBB_MIXED_REPORT_H_
