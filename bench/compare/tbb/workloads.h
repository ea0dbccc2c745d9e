// What is measured: programs written for oneTBB, each run once and its result verified.
#ifndef PREEMPT_BENCH_COMPARE_TBB_WORKLOADS_H_
#define PREEMPT_BENCH_COMPARE_TBB_WORKLOADS_H_

#include <chrono>
#include <stdexcept>
#include <string>

#include "flags.h"

namespace preempt::bench {

// Each returns the seconds that it took without preparation and verification, and throws std::runtime_error when the
// result is wrong.
double measure_fib(const Flags& flags);
double measure_for(const Flags& flags);
double measure_nested_for(const Flags& flags);
double measure_reduce(const Flags& flags);
double measure_sort(const Flags& flags);
double measure_pipeline(const Flags& flags);
double measure_flow_graph(const Flags& flags);

// Seconds from the planned arrival of a short body to its end.
struct Tail {
  double p50 = 0, p99 = 0, p999 = 0, max = 0;
};

// Short bodies behind long ones in an arena of two slots. Throws std::runtime_error when a body did not run.
Tail measure_tail(const Flags& flags);

template <class F>
double seconds_of(F&& f) {
  const auto start = std::chrono::steady_clock::now();
  f();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

inline void require(bool right, const char* workload) {
  if (!right) throw std::runtime_error(std::string(workload) + ": the result is wrong");
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_TBB_WORKLOADS_H_
