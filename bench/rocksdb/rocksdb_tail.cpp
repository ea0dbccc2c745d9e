// GETs that share a pool with SCANs of a RocksDB that knows nothing of it: each request is a task, in an open loop.
//
// The experiment of Shinjuku (NSDI 2019), Concord (SOSP 2023), LibPreemptible (HPCA 2024) and Skyloft (SOSP 2024), with
// RocksDB as it is: its locks, its allocator, its thread-locals.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/numbers.h"
#include "database.h"
#include "support/affinity.h"
#include "support/disturbance.h"
#include "support/markdown.h"
#include "support/statistics.h"
#include "tail/experiment.h"
#include "tail/flags.h"

ABSL_FLAG(std::vector<std::string>, gets, (std::vector<std::string>{"99.5", "95", "50"}),
          "Percentages of GETs; the other requests are SCANs. A table for each");
ABSL_FLAG(std::vector<std::string>, load, (std::vector<std::string>{"0.1", "0.3", "0.5", "0.6", "0.7", "0.8", "0.9"}),
          "Offered work, as a share of what the processors can do; each above 0, below 1");
ABSL_FLAG(std::vector<std::string>, slice, (std::vector<std::string>{"1ms", "300us", "100us"}),
          "Time slices of ours; it is measured without preemption too");
ABSL_FLAG(int, keys, 5000, "Keys in the database");
ABSL_FLAG(int, value_size, 64, "Bytes of each value");
ABSL_FLAG(int, scan, 5000, "Keys that a SCAN reads; no more than there are");
ABSL_FLAG(double, seconds, 2, "Length of one run");
ABSL_FLAG(std::uint64_t, seed, 1, "Of the first plan; each repetition adds one");
ABSL_FLAG(int, processors, 1, "Parallelism of every pool");
ABSL_FLAG(int, repetitions, 1, "Runs of every pool");
ABSL_FLAG(std::string, only, "", "Only the pools whose name contains this");
ABSL_FLAG(std::string, csv, "", "A file for every figure of every repetition");
ABSL_FLAG(bool, check, false, "Exit status 1 when a goal is missed");

namespace preempt::bench {
namespace {

constexpr std::size_t kGet = 0;          // index into the mixture
constexpr double kGoalGets = 99.5;       // the goal is about this mixture
constexpr double kTimesHighestLoad = 2;  // of the best peer's

struct ServiceTimes {
  Nanoseconds get = 0, scan = 0;
};

// The mean of some calls in a row, in nanoseconds.
double mean_time(int calls, const std::function<void()>& call) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) call();
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / calls;
}

void scan(const Database& database, std::uint64_t number) { database.scan(number, absl::GetFlag(FLAGS_scan)); }

// As the generator does on its cpu, which may be the other half of a core: RocksDB is slower beside it.
class Spinner {
 public:
  explicit Spinner(const Cpus& cpus) : thread_([this, cpus] { spin(cpus); }) {}
  ~Spinner() {
    ending_.store(true, std::memory_order_relaxed);
    thread_.join();
  }
  Spinner(const Spinner&) = delete;
  Spinner& operator=(const Spinner&) = delete;

 private:
  void spin(const Cpus& cpus) const {
    if (cpus.empty()) return;  // it would only take turns with what is measured
    const AffinityScope scope(cpus);
    while (!ending_.load(std::memory_order_relaxed)) {
      static_cast<void>(std::chrono::steady_clock::now());
      __builtin_ia32_pause();
    }
  }

  std::atomic<bool> ending_ = false;
  std::thread thread_;
};

// Both kinds in turn, because a SCAN leaves GETs a cold cache; medians.
ServiceTimes measure_in_turn(const Database& database) {
  constexpr int kTurns = 200, kGetsPerTurn = 199;
  std::vector<double> gets, scans;
  std::uint64_t number = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    gets.push_back(mean_time(kGetsPerTurn, [&] { database.get(number++); }));
    scans.push_back(mean_time(1, [&] { scan(database, number++); }));
  }
  return {.get = static_cast<Nanoseconds>(median(std::move(gets))),
          .scan = static_cast<Nanoseconds>(median(std::move(scans)))};
}

// On a thread of its own, as in a pool: the first thread of a program has another part of the heap.
ServiceTimes measure_service_times(const Database& database, const Site& site) {
  const Spinner spinner(site.cpus.feeder);
  ServiceTimes times;
  std::thread([&] {
    const AffinityScope scope(site.cpus.workers);
    times = measure_in_turn(database);
  }).join();
  return times;
}

struct Mix {
  double gets;  // percent
  Mixture mixture;
};

std::vector<Mix> chosen_mixes(const ServiceTimes& times) {
  std::vector<Mix> mixes;
  for (const std::string& text : absl::GetFlag(FLAGS_gets)) {
    double gets = 0;
    if (!absl::SimpleAtod(text, &gets) || !(gets > 0 && gets < 100)) {
      throw std::invalid_argument("--gets: '" + text + "' is not a number above 0 and below 100");
    }
    char name[64];
    std::snprintf(name, sizeof name, "GET %g %% SCAN %g %%", gets, 100 - gets);
    mixes.push_back({gets, Mixture(name, {{"GET", gets / 100, times.get}, {"SCAN", 1 - gets / 100, times.scan}})});
  }
  return mixes;
}

Setting setting_from_flags(const Mixture& mixture) {
  Setting setting{.mixture = mixture,
                  .loads = loads_from(absl::GetFlag(FLAGS_load)),
                  .plan = {},
                  .slices = slices_from(absl::GetFlag(FLAGS_slice)),
                  .repetitions = absl::GetFlag(FLAGS_repetitions),
                  .unit = kMicroseconds};
  setting.plan.processors = absl::GetFlag(FLAGS_processors);
  setting.plan.seconds = absl::GetFlag(FLAGS_seconds);
  setting.plan.seed = absl::GetFlag(FLAGS_seed);
  if (setting.loads.empty()) throw std::invalid_argument("--load: no load");
  validate(setting);
  return setting;
}

std::vector<PoolUnderTest> chosen_pools(const Setting& setting) {
  std::vector<PoolUnderTest> pools = peer_pools(setting.plan.processors);
  for (PoolUnderTest& pool : our_pools(setting.plan.processors, setting.slices)) pools.push_back(std::move(pool));
  keep_only(pools, absl::GetFlag(FLAGS_only));
  return pools;
}

// The highest load of any of the peers that have as many threads as ours has processors.
double best_peer(const Experiment& experiment, const std::vector<PoolUnderTest>& pools) {
  double best = 0;
  for (const PoolUnderTest& pool : pools) {
    if (pool.kind == PoolKind::kPeer) best = std::max(best, experiment.highest_load(pool.name));
  }
  return best;
}

// Any of the slices meets it. A peer that keeps the limit at no load is beaten by one that keeps it at any.
bool print_goal(const Experiment& experiment, const std::vector<PoolUnderTest>& pools) {
  const double peer = best_peer(experiment, pools);
  bool any = false;
  for (const PoolUnderTest& pool : pools) {
    if (pool.kind != PoolKind::kOurs) continue;
    const double ours = experiment.highest_load(pool.name);
    const bool met = ours > 0 && ours >= kTimesHighestLoad * peer;
    any |= met;
    std::printf(
        "- highest load with a p99.9 slowdown of GET <= %s, %s: %s, best peer of as many threads: %s "
        "(goal: >= %sx): %s\n",
        number(kSlowdownLimit).c_str(), pool.name.c_str(), ours > 0 ? number(ours).c_str() : "none",
        peer > 0 ? number(peer).c_str() : "none", number(kTimesHighestLoad).c_str(), met ? "pass" : "FAIL");
  }
  return any;
}

bool measure(const Mix& mix, const Site& site, const Work& work, SamplesFile& samples) {
  Experiment experiment(setting_from_flags(mix.mixture));
  const std::vector<PoolUnderTest> pools = chosen_pools(experiment.setting());
  experiment.measure(site, work, pools);
  experiment.print(stdout);
  experiment.write(samples);
  if (mix.gets != kGoalGets) return true;
  std::puts("");
  return print_goal(experiment, pools);
}

void print_requests(const ServiceTimes& times) {
  std::printf("%d keys, values of %d bytes. By themselves, on average: GET %s us, SCAN of %d keys %s us.\n",
              absl::GetFlag(FLAGS_keys), absl::GetFlag(FLAGS_value_size),
              number(1e-3 * static_cast<double>(times.get)).c_str(), absl::GetFlag(FLAGS_scan),
              number(1e-3 * static_cast<double>(times.scan)).c_str());
}

int run() {
  if (absl::GetFlag(FLAGS_scan) < 1 || absl::GetFlag(FLAGS_scan) > absl::GetFlag(FLAGS_keys)) {
    throw std::invalid_argument("--scan must be at least 1, and no more than --keys");
  }
  SamplesFile samples(absl::GetFlag(FLAGS_csv), "rocksdb");
  const Site site = choose_site(absl::GetFlag(FLAGS_processors));
  const Database database(absl::GetFlag(FLAGS_keys), absl::GetFlag(FLAGS_value_size));
  const ServiceTimes times = measure_service_times(database, site);
  print_requests(times);
  const Work work = [&database](const Request& request, std::size_t index) {
    if (static_cast<std::size_t>(request.request_class) == kGet) {
      database.get(index);
    } else {
      scan(database, index);
    }
  };
  const Disturbance disturbance;
  bool met = true;
  for (const Mix& mix : chosen_mixes(times)) met &= measure(mix, site, work, samples);
  std::puts("");
  disturbance.print(stdout);
  return absl::GetFlag(FLAGS_check) && !met ? 1 : 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  return preempt::bench::run_with_flags(argc, argv, "Latency of GETs that share a pool with SCANs of a RocksDB.",
                                        &preempt::bench::run);
}
