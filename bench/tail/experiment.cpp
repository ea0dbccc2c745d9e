#include "experiment.h"

#include <cmath>
#include <cstdint>
#include <limits>

#include "highest_load.h"
#include "simulate.h"
#include "support/markdown.h"
#include "support/progress.h"

namespace preempt::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kGrowth = 4;

std::string load_text(double load) {
  char text[32];
  std::snprintf(text, sizeof text, "load %.2f", load);
  return text;
}

}  // namespace

void Experiment::measure(const Site& site, const Work& work, const std::vector<PoolUnderTest>& pools) {
  for (const double load : setting_.loads) measure_load(load, site, work, pools);
}

void Experiment::measure_load(double load, const Site& site, const Work& work,
                              const std::vector<PoolUnderTest>& pools) {
  const Progress progress;
  Report& report = reports_.try_emplace(load, setting_.mixture, setting_.unit).first->second;
  for (int repetition = 0; repetition < setting_.repetitions; ++repetition) {
    PlanOptions options = setting_.plan;
    options.load = load;
    options.seed += static_cast<std::uint64_t>(repetition);
    const Plan plan = make_plan(setting_.mixture, options);
    offered_[load] += offered_load(plan, options) / setting_.repetitions;
    simulate(report, plan);
    for (const PoolUnderTest& pool : pools) {
      progress.show(repetition + 1, setting_.repetitions,
                    setting_.mixture.name() + ", " + load_text(load) + ": " + pool.name);
      const Outcome outcome = pool.run(plan, site, work);
      report.add(pool.name, plan, outcome.completions, outcome.pool_cpu_seconds / work_seconds(plan));
    }
  }
}

void Experiment::simulate(Report& report, const Plan& plan) const {
  const int processors = setting_.plan.processors;
  report.add(kIdeal, plan, simulate_srpt(plan, processors), kUnknown);
  report.add(kSharing, plan, simulate_processor_sharing(plan, processors), kUnknown);
  report.add("simulated: first in, first out", plan, simulate_fifo(plan, processors), kUnknown);
  for (const std::chrono::nanoseconds slice : setting_.slices) {
    report.add("simulated: levels, " + slice_text(slice), plan,
               simulate_levels(plan, processors, slice.count(), kGrowth), kUnknown);
  }
}

void Experiment::print(std::FILE* out) const {
  const PlanOptions& plan = setting_.plan;
  for (const auto& [load, report] : reports_) {
    std::fprintf(out, "\n%s, %s (offered: %.3f), %d processor%s, %g s, %d repetition%s, seeds from %llu.\n\n",
                 setting_.mixture.name().c_str(), load_text(load).c_str(), offered_.at(load), plan.processors,
                 plan.processors == 1 ? "" : "s", plan.seconds, setting_.repetitions,
                 setting_.repetitions == 1 ? "" : "s", static_cast<unsigned long long>(plan.seed));
    report.print_latencies(out, kIdeal, kSharing);
    std::fputs("\n", out);
    report.print_slowdowns(out);
  }
  std::fputs("\n", out);
  print_highest_loads(out);
}

void Experiment::print_highest_loads(std::FILE* out) const {
  const std::size_t shortest = setting_.mixture.shortest_class();
  std::vector<std::string> header = {setting_.mixture.classes()[shortest].name + " p99.9 slowdown at load"};
  for (const auto& [load, report] : reports_) header.push_back(number(load));
  header.push_back("highest load with <= " + number(kSlowdownLimit));
  MarkdownTable table(std::move(header));
  for (const std::string& scheduler : schedulers()) {
    std::vector<std::string> row = {scheduler};
    for (const auto& [load, report] : reports_) {
      row.push_back(number(report.figure(scheduler, shortest, Measure::kSlowdown, kP999)));
    }
    const double highest = highest_load(scheduler);
    row.push_back(highest > 0 ? number(highest) : "none");
    table.add(std::move(row));
  }
  table.print(out);
}

double Experiment::highest_load(const std::string& scheduler) const {
  std::map<double, double> slowdowns;
  for (const auto& [load, report] : reports_) {
    slowdowns[load] = report.figure(scheduler, setting_.mixture.shortest_class(), Measure::kSlowdown, kP999);
  }
  return bench::highest_load(slowdowns, kSlowdownLimit);
}

double Experiment::highest_load_in(const std::string& scheduler, std::size_t repetition) const {
  std::map<double, double> slowdowns;
  for (const auto& [load, report] : reports_) {
    slowdowns[load] =
        report.samples(scheduler, setting_.mixture.shortest_class(), Measure::kSlowdown, kP999)[repetition];
  }
  return bench::highest_load(slowdowns, kSlowdownLimit);
}

void Experiment::write(SamplesFile& file) const {
  const std::string& workload = setting_.mixture.name();
  for (const auto& [load, report] : reports_) report.write(file, workload + ", " + load_text(load));
  const std::string metric = "highest load at p99.9 slowdown <= " + std::to_string(static_cast<int>(kSlowdownLimit));
  for (const std::string& scheduler : schedulers()) {
    for (int repetition = 0; repetition < setting_.repetitions; ++repetition) {
      file.add(workload, scheduler, metric, "", Better::kHigher,
               highest_load_in(scheduler, static_cast<std::size_t>(repetition)));
    }
  }
}

}  // namespace preempt::bench
