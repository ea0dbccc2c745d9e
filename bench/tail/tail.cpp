// Latency of short tasks that share a pool with long ones: an open loop on real threads, beside simulated limits.
//
// Every repetition draws a new plan and runs every pool on it in turn; the tables show medians over the repetitions.
// Latency counts from the planned arrival, so a generator or a pool that falls behind hides nothing.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "experiment.h"
#include "flags.h"
#include "go_peer.h"
#include "goals.h"
#include "mixtures.h"
#include "support/affinity.h"
#include "support/disturbance.h"
#include "support/work.h"

ABSL_FLAG(bool, sweep, false, "All mixtures by name at many loads, once: half an hour. Each other flag still counts");
ABSL_FLAG(std::vector<std::string>, mixture, {},
          "bimodal, bimodal2, half, exponential, lognormal; or the classes of one mixture as SHARE:WORK, such as "
          "0.99:50us,0.01:20ms, whose shares add up to 1. Nothing: bimodal, or all of them with --sweep");
ABSL_FLAG(std::vector<std::string>, load, {},
          "Offered work, as a share of what the processors can do; each above 0, below 1. Nothing: 0.7,0.85, or 0.3 to "
          "0.95 with --sweep");
ABSL_FLAG(std::vector<std::string>, slice, (std::vector<std::string>{"10ms", "1ms", "300us", "100us"}),
          "Time slices of ours; it is measured without preemption too");
ABSL_FLAG(double, seconds, 4, "Length of one run");
ABSL_FLAG(std::uint64_t, seed, 1, "Of the first plan; each repetition adds one");
ABSL_FLAG(int, processors, 1, "Parallelism of every pool");
ABSL_FLAG(int, repetitions, 0, "Runs of every pool. 0: 3, or 1 with --sweep");
ABSL_FLAG(std::string, only, "", "Only the pools whose name contains this");
ABSL_FLAG(std::string, csv, "", "A file for every figure of every repetition");
ABSL_FLAG(bool, check, false, "Exit status 1 when a goal is missed");

namespace preempt::bench {
namespace {

// The goals are about many short requests and few long ones.
struct Chosen {
  Mixture mixture;
  bool has_goals;
};

std::vector<Chosen> chosen_mixtures() {
  std::vector<std::string> texts = absl::GetFlag(FLAGS_mixture);
  if (texts.empty()) texts = absl::GetFlag(FLAGS_sweep) ? mixture_names() : std::vector<std::string>{"bimodal"};
  if (texts[0].find(':') != std::string::npos) return {{mixture_of(texts), true}};
  std::vector<Chosen> chosen;
  for (const std::string& text : texts) {
    const std::optional<Mixture> mixture = mixture_named(text);
    if (!mixture) throw std::invalid_argument("--mixture: there is no '" + text + "'");
    chosen.push_back({*mixture, text.starts_with("bimodal")});
  }
  return chosen;
}

Setting setting_from_flags(Mixture mixture) {
  const bool sweep = absl::GetFlag(FLAGS_sweep);
  Setting setting{.mixture = std::move(mixture),
                  .loads = loads_from(absl::GetFlag(FLAGS_load)),
                  .plan = {},
                  .slices = slices_from(absl::GetFlag(FLAGS_slice)),
                  .repetitions = absl::GetFlag(FLAGS_repetitions)};
  setting.plan.processors = absl::GetFlag(FLAGS_processors);
  setting.plan.seconds = absl::GetFlag(FLAGS_seconds);
  setting.plan.seed = absl::GetFlag(FLAGS_seed);
  if (setting.loads.empty() && sweep) setting.loads = {0.3, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95};
  if (setting.loads.empty()) setting.loads = {0.7, 0.85};
  if (setting.repetitions == 0) setting.repetitions = sweep ? 1 : 3;
  validate(setting);
  return setting;
}

std::vector<PoolUnderTest> chosen_pools(const Setting& setting, const GoProgram& go) {
  std::vector<PoolUnderTest> pools = peer_pools(setting.plan.processors);
  pools.push_back(thread_for_each_task());
  if (go.built()) {
    pools.push_back(go_peer(go));
  } else {
    std::fputs("tail: no Go compiler here; its row is left out\n", stderr);
  }
  for (PoolUnderTest& pool : our_pools(setting.plan.processors, setting.slices)) pools.push_back(std::move(pool));
  keep_only(pools, absl::GetFlag(FLAGS_only));
  return pools;
}

// Computes for the request's service time, in rounds of a loop that are calibrated on one of the pool's cpus.
Work computing(const Site& site) {
  const AffinityScope scope(site.cpus.workers);
  const double rounds_per_nanosecond = 1e-9 * measure_rounds_per_second();
  std::printf("1 us of work is %.0f rounds.\n", 1e3 * rounds_per_nanosecond);
  return [rounds_per_nanosecond](const Request& request, std::size_t) {
    work_rounds(static_cast<std::uint64_t>(rounds_per_nanosecond * static_cast<double>(request.service)));
  };
}

bool measure(const Chosen& chosen, const Site& site, const Work& work, const GoProgram& go, SamplesFile& samples) {
  Experiment experiment(setting_from_flags(chosen.mixture));
  experiment.measure(site, work, chosen_pools(experiment.setting(), go));
  experiment.print(stdout);
  experiment.write(samples);
  if (!chosen.has_goals) return true;
  std::puts("");
  return print_goals(stdout, experiment);
}

int run() {
  SamplesFile samples(absl::GetFlag(FLAGS_csv), "tail");
  const std::vector<Chosen> mixtures = chosen_mixtures();
  const Site site = choose_site(setting_from_flags(mixtures[0].mixture).plan.processors);
  const Work work = computing(site);
  const GoProgram go(PREEMPT_BENCH_GO_SOURCE);
  const Disturbance disturbance;
  bool met = true;
  for (const Chosen& chosen : mixtures) met &= measure(chosen, site, work, go, samples);
  std::puts("");
  disturbance.print(stdout);
  return absl::GetFlag(FLAGS_check) && !met ? 1 : 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  return preempt::bench::run_with_flags(argc, argv, "Latency of short tasks that share a pool with long ones.",
                                        &preempt::bench::run);
}
