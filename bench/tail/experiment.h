// Every load of one mixture on every pool, beside the simulated limits.
#ifndef PREEMPT_BENCH_TAIL_EXPERIMENT_H_
#define PREEMPT_BENCH_TAIL_EXPERIMENT_H_

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pools.h"
#include "report.h"
#include "support/samples.h"

namespace preempt::bench {

inline constexpr const char* kIdeal = "ideal: shortest remaining first";
inline constexpr const char* kSharing = "simulated: processor sharing";

// Of the 99.9th percentile of the shortest class: what "can be loaded up to" means.
inline constexpr double kSlowdownLimit = 50;

struct Setting {
  Mixture mixture;
  std::vector<double> loads;
  PlanOptions plan;                              // its load is one of those above
  std::vector<std::chrono::nanoseconds> slices;  // of the levels that are simulated
  int repetitions = 1;
  LatencyUnit unit = kMilliseconds;
};

// Each repetition draws a new plan and runs every pool on it in turn.
class Experiment {
 public:
  explicit Experiment(Setting setting) : setting_(std::move(setting)) {}

  void measure(const Site& site, const Work& work, const std::vector<PoolUnderTest>& pools);

  void print(std::FILE* out) const;
  void write(SamplesFile& file) const;

  const Setting& setting() const { return setting_; }
  const std::map<double, Report>& reports() const { return reports_; }  // by load

  // At which the median over the repetitions keeps the limit; 0 when there is none.
  double highest_load(const std::string& scheduler) const;

 private:
  void measure_load(double load, const Site& site, const Work& work, const std::vector<PoolUnderTest>& pools);
  void simulate(Report& report, const Plan& plan) const;
  void print_highest_loads(std::FILE* out) const;
  double highest_load_in(const std::string& scheduler, std::size_t repetition) const;
  const std::vector<std::string>& schedulers() const { return reports_.begin()->second.schedulers(); }

  Setting setting_;
  std::map<double, Report> reports_;
  std::map<double, double> offered_;  // mean over the repetitions, by load
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_EXPERIMENT_H_
