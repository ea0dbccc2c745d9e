// The table of latencies, and whether the goals are met.
#ifndef PREEMPT_BENCH_TAIL_REPORT_H_
#define PREEMPT_BENCH_TAIL_REPORT_H_

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plan.h"

namespace preempt::bench {

inline constexpr std::array kQuantiles = {0.5, 0.99, 0.999};

// Collects every repetition of every scheduler; what it prints is the median over the repetitions.
class Report {
 public:
  explicit Report(Mixture mixture) : mixture_(std::move(mixture)) {}

  // `cpu_per_work`: cpu time of the pool divided by the plan's work; NaN for a simulation.
  void add(const std::string& scheduler, const Plan& plan, const std::vector<Nanoseconds>& completions,
           double cpu_per_work);

  bool has(const std::string& scheduler) const { return rows_.count(scheduler) != 0; }

  // Latencies are compared with those of the scheduler `ideal`.
  void print_table(std::FILE* out, const std::string& ideal) const;

  // Measures ours against `peer` and `ideal`. Returns whether all are met.
  bool print_goals(std::FILE* out, const std::string& ours, std::chrono::nanoseconds time_slice,
                   const std::string& peer, const std::string& ideal) const;

 private:
  // Milliseconds of each repetition.
  struct Latencies {
    std::array<std::vector<double>, kQuantiles.size()> quantiles;
  };
  struct Row {
    std::vector<Latencies> classes;  // as the mixture
    std::vector<double> cpu_per_work;
  };

  double latency(const std::string& scheduler, std::size_t request_class, std::size_t quantile) const;
  std::vector<std::string> table_row(const std::string& scheduler, const std::string& ideal) const;
  std::size_t shortest_class() const;
  std::size_t longest_class() const;

  Mixture mixture_;
  std::vector<std::string> order_;
  std::map<std::string, Row> rows_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_REPORT_H_
