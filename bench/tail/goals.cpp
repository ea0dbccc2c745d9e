#include "goals.h"

#include <chrono>
#include <string>

#include "support/markdown.h"

namespace preempt::bench {
namespace {

constexpr std::chrono::milliseconds kSlice(1);
constexpr double kLoad = 0.7;          // of the ratios, where it was measured
constexpr double kHighestLoad = 0.85;  // with a p99.9 slowdown of kSlowdownLimit
constexpr double kOfSharing = 1.3;     // long tasks' median

// Short tasks' p99 of a peer, divided by ours.
struct PeerGoal {
  const char* peer;
  double times;
};
constexpr PeerGoal kPeerGoals[] = {{kTbbName, 50}, {kAsioName, 50}, {kManyThreadsName, 5}, {"Go", 10}};

bool print_goal(std::FILE* out, const std::string& what, double value, const char* relation, double limit, bool met) {
  std::fprintf(out, "- %s: %s (goal: %s %s): %s\n", what.c_str(), number(value).c_str(), relation,
               number(limit).c_str(), met ? "pass" : "FAIL");
  return met;
}

// Go's name goes on.
std::string find(const Report& report, const std::string& beginning) {
  for (const std::string& scheduler : report.schedulers()) {
    if (scheduler.starts_with(beginning)) return scheduler;
  }
  return "";
}

bool print_ratios(std::FILE* out, const Report& report, const Mixture& mixture) {
  const std::string ours = kOursName + slice_text(kSlice);
  if (!report.has(ours)) return true;
  const std::size_t shortest = mixture.shortest_class(), longest = mixture.longest_class();
  const double p99 = report.figure(ours, shortest, Measure::kLatency, kP99);
  bool all = true;
  for (const PeerGoal& goal : kPeerGoals) {
    const std::string peer = find(report, goal.peer);
    if (peer.empty()) continue;
    const double times = report.figure(peer, shortest, Measure::kLatency, kP99) / p99;
    all &= print_goal(out, mixture.classes()[shortest].name + " p99, " + peer + " / " + ours, times, ">=", goal.times,
                      times >= goal.times);
  }
  const double of_sharing = report.figure(ours, longest, Measure::kLatency, kMedian) /
                            report.figure(kSharing, longest, Measure::kLatency, kMedian);
  return print_goal(out, mixture.classes()[longest].name + " p50, " + ours + " / processor sharing", of_sharing,
                    "<=", kOfSharing, of_sharing <= kOfSharing) &&
         all;
}

// One goal, which any of the slices meets.
bool print_highest_loads(std::FILE* out, const Experiment& experiment) {
  const Mixture& mixture = experiment.setting().mixture;
  const std::string what = "highest load with a p99.9 slowdown of " + mixture.classes()[mixture.shortest_class()].name +
                           " <= " + number(kSlowdownLimit) + ", ";
  bool any = false;
  for (const std::chrono::nanoseconds slice : experiment.setting().slices) {
    const std::string ours = kOursName + slice_text(slice);
    if (!experiment.reports().begin()->second.has(ours)) continue;
    const double highest = experiment.highest_load(ours);
    any |= print_goal(out, what + ours, highest, ">=", kHighestLoad, highest >= kHighestLoad);
  }
  return any;
}

}  // namespace

bool print_goals(std::FILE* out, const Experiment& experiment) {
  const auto at_load = experiment.reports().find(kLoad);
  const auto& [load, report] = at_load != experiment.reports().end() ? *at_load : *experiment.reports().begin();
  std::fprintf(out, "At load %s, and over all loads:\n\n", number(load).c_str());
  const bool ratios = print_ratios(out, report, experiment.setting().mixture);
  const bool tested = experiment.reports().rbegin()->first >= kHighestLoad;
  return (!tested || print_highest_loads(out, experiment)) && ratios;
}

}  // namespace preempt::bench
