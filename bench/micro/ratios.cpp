// Runs every benchmark that has a peer or a goal, and prints one Markdown table.
//
// Ours and the peers take turns (A B C A B C ...), so that whatever disturbs the machine disturbs all of them; each
// figure is the median over the turns. Flags: --repetitions=N (default 5), --only=TEXT (rows whose name contains it),
// and those of Google Benchmark, of which --benchmark_min_time=SECONDS is useful.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "comparison.h"
#include "support/disturbance.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// Keeps what the benchmarks measured, by benchmark and counter.
class Samples : public benchmark::BenchmarkReporter {
 public:
  explicit Samples(std::string benchmark) : benchmark_(std::move(benchmark)) {}

  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) std::fprintf(stderr, "%s: %s\n", benchmark_.c_str(), run.error_message.c_str());
      if (run.error_occurred || run.run_type != Run::RT_Iteration) continue;
      for (const auto& [name, counter] : run.counters) add(name, counter.value);
    }
  }

  double median_of(const std::string& counter) const {
    const auto found = values_.find(counter);
    return found == values_.end() ? kUnknown : median(found->second);
  }

 private:
  void add(const std::string& name, double value) {
    if (name == "items_per_second") {
      values_[""].push_back(1e9 / value);
    } else {
      values_[name].push_back(value);
    }
  }

  std::string benchmark_;
  std::map<std::string, std::vector<double>> values_;
};

using Results = std::map<std::string, Samples>;

struct Flags {
  int repetitions = 5;
  std::string only;
};

// Takes ours out of the arguments.
Flags take_flags(int& argc, char** argv) {
  Flags flags;
  int kept = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument.rfind("--repetitions=", 0) == 0) {
      flags.repetitions = std::atoi(argument.c_str() + std::strlen("--repetitions="));
    } else if (argument.rfind("--only=", 0) == 0) {
      flags.only = argument.substr(std::strlen("--only="));
    } else {
      argv[kept++] = argv[i];
    }
  }
  argc = kept;
  return flags;
}

// Each benchmark once, ours beside its peers.
std::vector<std::string> benchmarks_of(const std::vector<Comparison>& table) {
  std::vector<std::string> names;
  const auto add = [&names](const Measure& measure) {
    if (std::find(names.begin(), names.end(), measure.benchmark) == names.end()) names.push_back(measure.benchmark);
  };
  for (const Comparison& row : table) {
    add(row.ours);
    for (const Peer& peer : row.peers) {
      for (const Measure& measure : peer.sum) add(measure);
    }
  }
  return names;
}

Results run(const std::vector<std::string>& names, int repetitions) {
  const Progress progress;
  Results results;
  for (int repetition = 1; repetition <= repetitions; ++repetition) {
    for (const std::string& name : names) {
      progress.show(repetition, repetitions, name);
      Samples& samples = results.try_emplace(name, name).first->second;
      benchmark::RunSpecifiedBenchmarks(&samples, "^" + name + "(/|$)");
    }
  }
  return results;
}

double value_of(const Results& results, const Measure& measure) {
  return results.at(measure.benchmark).median_of(measure.counter);
}

double value_of(const Results& results, const Peer& peer) {
  double sum = peer.constant_ns;
  for (const Measure& measure : peer.sum) sum += value_of(results, measure);
  return sum;
}

std::string goal_text(const Goal& goal) {
  switch (goal.kind) {
    case GoalKind::kNone:
      return "";
    case GoalKind::kRatioAtMost:
      return "<= " + number(goal.limit) + "x";
    case GoalKind::kDifferenceBelow:
      return "< +" + number(goal.limit) + " ns";
  }
  return "";
}

std::string verdict(const Goal& goal, double ours, double best) {
  if (goal.kind == GoalKind::kNone) return "";
  const bool met = goal.kind == GoalKind::kRatioAtMost ? ours <= goal.limit * best : ours - best < goal.limit;
  return met ? "pass" : "FAIL";
}

std::vector<std::string> table_row(const Results& results, const Comparison& row) {
  const double ours = value_of(results, row.ours);
  double best = kUnknown;
  std::string best_name;
  for (const Peer& peer : row.peers) {
    const double value = value_of(results, peer);
    if (std::isnan(value) || value >= best) continue;
    best = value;
    best_name = peer.name;
  }
  const bool difference = row.goal.kind == GoalKind::kDifferenceBelow;
  const std::string ratio = difference ? number(ours - best) + " ns more" : number(ours / best) + "x";
  return {row.what, number(ours), number(best), best_name, ratio, goal_text(row.goal), verdict(row.goal, ours, best)};
}

void print_table(const std::vector<Comparison>& table, const Results& results) {
  MarkdownTable markdown({"what", "ours ns", "best peer ns", "best peer", "ratio", "goal", "goal met"});
  for (const Comparison& row : table) markdown.add(table_row(results, row));
  markdown.print(stdout);
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  using namespace preempt::bench;
  const Flags flags = take_flags(argc, argv);
  benchmark::Initialize(&argc, argv);
  if (flags.repetitions < 1 || benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  std::vector<Comparison> table = comparisons();
  std::erase_if(table, [&](const Comparison& row) { return row.what.find(flags.only) == std::string::npos; });
  const Disturbance disturbance;
  print_table(table, run(benchmarks_of(table), flags.repetitions));
  std::puts("");
  disturbance.print(stdout);
  return 0;
}
