// Latency of short tasks that share a pool with long ones: an open loop on real threads, beside simulated limits.
//
// Every repetition draws a new plan and runs every pool on it in turn; the tables show medians over the repetitions.
// Latency counts from the planned arrival, so a generator or a pool that falls behind hides nothing.
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "pools.h"
#include "report.h"
#include "simulate.h"
#include "support/affinity.h"
#include "support/disturbance.h"
#include "support/progress.h"

ABSL_FLAG(double, load, 0.7, "Offered work, as a share of what the processors can do; above 0, below 1");
ABSL_FLAG(std::vector<std::string>, mixture, (std::vector<std::string>{"0.99:50us", "0.01:20ms"}),
          "Classes of tasks, as SHARE:WORK; the shares add up to 1");
ABSL_FLAG(std::vector<std::string>, slice, (std::vector<std::string>{"100us", "1ms", "10ms"}), "Time slices of ours");
ABSL_FLAG(double, seconds, 10, "Length of one run");
ABSL_FLAG(std::uint64_t, seed, 1, "Of the first plan; each repetition adds one");
ABSL_FLAG(int, processors, 1, "Parallelism of every pool");
ABSL_FLAG(int, repetitions, 5, "Runs of every pool");
ABSL_FLAG(std::string, only, "", "Only the pools whose name contains this");
ABSL_FLAG(bool, check, false, "Exit status 1 when a goal is missed");

namespace preempt::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr int kGrowth = 4;
constexpr std::chrono::milliseconds kGoalSlice(1);
constexpr const char* kIdeal = "ideal: shortest remaining first";

struct Config {
  Mixture mixture;
  PlanOptions plan;
  std::vector<std::chrono::nanoseconds> slices;
  int repetitions = 0;
};

[[noreturn]] void refuse(const std::string& what) {
  std::fprintf(stderr, "tail: %s\n", what.c_str());
  std::exit(2);
}

std::optional<RequestClass> parse_class(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  RequestClass parsed;
  absl::Duration service;
  if (parts.size() != 2 || !absl::SimpleAtod(parts[0], &parsed.share) || !absl::ParseDuration(parts[1], &service)) {
    return std::nullopt;
  }
  parsed.name = parts[1];
  parsed.service = absl::ToInt64Nanoseconds(service);
  if (parsed.share <= 0 || parsed.service <= 0) return std::nullopt;
  return parsed;
}

Mixture parse_mixture(const std::vector<std::string>& parts) {
  Mixture mixture;
  double shares = 0;
  for (const std::string& part : parts) {
    const std::optional<RequestClass> parsed = parse_class(part);
    if (!parsed) refuse("--mixture: '" + part + "' is not SHARE:WORK, such as 0.99:50us");
    shares += parsed->share;
    mixture.push_back(*parsed);
  }
  if (std::abs(shares - 1) > 1e-6) refuse("--mixture: the shares add up to " + std::to_string(shares) + ", not to 1");
  return mixture;
}

Config config_from_flags() {
  Config config;
  config.mixture = parse_mixture(absl::GetFlag(FLAGS_mixture));
  config.plan.load = absl::GetFlag(FLAGS_load);
  config.plan.processors = absl::GetFlag(FLAGS_processors);
  config.plan.seconds = absl::GetFlag(FLAGS_seconds);
  config.plan.seed = absl::GetFlag(FLAGS_seed);
  config.repetitions = absl::GetFlag(FLAGS_repetitions);
  for (const std::string& text : absl::GetFlag(FLAGS_slice)) {
    absl::Duration slice;
    if (!absl::ParseDuration(text, &slice)) refuse("--slice: '" + text + "' is not a duration, such as 1ms");
    config.slices.push_back(absl::ToChronoNanoseconds(slice));
  }
  if (!(config.plan.load > 0 && config.plan.load < 1)) refuse("--load must be above 0 and below 1");
  if (config.plan.processors < 1) refuse("--processors must be at least 1");
  if (!(config.plan.seconds > 0)) refuse("--seconds must be above 0");
  if (config.repetitions < 1) refuse("--repetitions must be at least 1");
  return config;
}

Site survey(int processors) {
  Site site;
  site.processors = processors;
  site.cpus = split_cpus(processors);
  if (site.cpus.feeder.empty()) {
    std::fprintf(stderr, "tail: no cpu is left for the generator; it will disturb what it measures\n");
  }
  const AffinityScope scope(site.cpus.workers);
  site.rounds_per_second = measure_rounds_per_second();
  return site;
}

std::vector<PoolUnderTest> chosen_pools(const Config& config) {
  std::vector<PoolUnderTest> pools = pools_without_preemption(config.plan.processors);
  for (const std::chrono::nanoseconds slice : config.slices) {
    pools.push_back(preempting_pool(config.plan.processors, slice));
  }
  const std::string only = absl::GetFlag(FLAGS_only);
  std::erase_if(pools, [&only](const PoolUnderTest& pool) { return pool.name.find(only) == std::string::npos; });
  return pools;
}

void add_simulations(Report& report, const Plan& plan, const Config& config) {
  const int processors = config.plan.processors;
  report.add(kIdeal, plan, simulate_srpt(plan, processors), kUnknown);
  report.add("simulated: processor sharing", plan, simulate_processor_sharing(plan, processors), kUnknown);
  report.add("simulated: first in, first out", plan, simulate_fifo(plan, processors), kUnknown);
  for (const std::chrono::nanoseconds slice : config.slices) {
    report.add("simulated: levels, " + slice_text(slice), plan,
               simulate_levels(plan, processors, slice.count(), kGrowth), kUnknown);
  }
}

double work_seconds(const Plan& plan) {
  double work = 0;
  for (const Request& request : plan) work += 1e-9 * static_cast<double>(request.service);
  return work;
}

// Returns the load that the plans really offered.
double measure(Report& report, const Config& config, const Site& site, const std::vector<PoolUnderTest>& pools) {
  const Progress progress;
  double load = 0;
  for (int repetition = 0; repetition < config.repetitions; ++repetition) {
    PlanOptions options = config.plan;
    options.seed += static_cast<std::uint64_t>(repetition);
    const Plan plan = make_plan(config.mixture, options);
    if (plan.empty()) refuse("no task arrives within --seconds");
    load += offered_load(plan, options) / config.repetitions;
    add_simulations(report, plan, config);
    for (const PoolUnderTest& pool : pools) {
      progress.show(repetition + 1, config.repetitions, pool.name);
      const Outcome outcome = pool.run(plan, site);
      report.add(pool.name, plan, outcome.completions, outcome.pool_cpu_seconds / work_seconds(plan));
    }
  }
  return load;
}

void print_setting(const Config& config, const Site& site, double load) {
  std::printf(
      "%d processor%s, %s, load %.2f (offered: %.3f), %g s, %d repetitions, seeds from %llu; 1 us of work is "
      "%.0f rounds.\n",
      config.plan.processors, config.plan.processors == 1 ? "" : "s",
      absl::StrJoin(absl::GetFlag(FLAGS_mixture), ",").c_str(), config.plan.load, load, config.plan.seconds,
      config.repetitions, static_cast<unsigned long long>(config.plan.seed), site.rounds_per_second * 1e-6);
}

// They are about one setting; in others the same ratios are only informative.
bool print_goals(const Report& report) {
  const std::string ours = kOursName + slice_text(kGoalSlice);
  if (!report.has(ours) || !report.has(kTbbName)) return true;
  std::puts("");
  return report.print_goals(stdout, ours, kGoalSlice, kTbbName, kIdeal);
}

int run() {
  const Config config = config_from_flags();
  const Site site = survey(config.plan.processors);
  Report report(config.mixture);
  const Disturbance disturbance;
  const double load = measure(report, config, site, chosen_pools(config));
  print_setting(config, site, load);
  disturbance.print(stdout);
  std::puts("");
  report.print_table(stdout, kIdeal);
  const bool met = print_goals(report);
  return absl::GetFlag(FLAGS_check) && !met ? 1 : 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("Latency of short tasks that share a pool with long ones.");
  absl::ParseCommandLine(argc, argv);
  return preempt::bench::run();
}
