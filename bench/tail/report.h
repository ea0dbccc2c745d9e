// The figures of one mixture at one load.
#ifndef PREEMPT_BENCH_TAIL_REPORT_H_
#define PREEMPT_BENCH_TAIL_REPORT_H_

#include <array>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "plan.h"
#include "support/samples.h"

namespace preempt::bench {

inline constexpr std::array kQuantiles = {0.5, 0.99, 0.999};
inline constexpr std::size_t kMedian = 0, kP99 = 1, kP999 = 2;

// Slowdown is the latency divided by the service time of the same request.
enum class Measure : std::size_t { kLatency, kSlowdown };

// What latencies are given in.
struct LatencyUnit {
  const char* name;
  double nanoseconds;
};
inline constexpr LatencyUnit kMilliseconds = {"ms", 1e6}, kMicroseconds = {"us", 1e3};

// Collects every repetition of every scheduler; what it prints is the median over the repetitions.
class Report {
 public:
  Report(Mixture mixture, LatencyUnit unit) : mixture_(std::move(mixture)), unit_(unit) {}

  // `cpu_per_work`: cpu time of the pool divided by the plan's work; NaN for a simulation.
  void add(const std::string& scheduler, const Plan& plan, const std::vector<Nanoseconds>& completions,
           double cpu_per_work);

  const std::vector<std::string>& schedulers() const { return order_; }
  bool has(const std::string& scheduler) const { return rows_.count(scheduler) != 0; }

  // One for each repetition; NaN where there was no such request.
  const std::vector<double>& samples(const std::string& scheduler, std::size_t request_class, Measure measure,
                                     std::size_t quantile) const;
  double figure(const std::string& scheduler, std::size_t request_class, Measure measure, std::size_t quantile) const;

  void print_latencies(std::FILE* out, const std::string& ideal, const std::string& sharing) const;
  void print_slowdowns(std::FILE* out) const;

  void write(SamplesFile& file, const std::string& workload) const;

 private:
  using Quantiles = std::array<std::vector<double>, kQuantiles.size()>;  // a sample for each repetition
  struct Row {
    std::array<std::vector<Quantiles>, 2> classes;  // by Measure, then as the mixture
    std::vector<double> cpu_per_work;
  };

  std::vector<std::string> header(const std::string& first) const;
  std::vector<std::string> cells(const std::string& scheduler, Measure measure) const;

  Mixture mixture_;
  LatencyUnit unit_;
  std::vector<std::string> order_;
  std::map<std::string, Row> rows_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_REPORT_H_
