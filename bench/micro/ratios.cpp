// Runs every benchmark that has a peer or a goal, and prints one Markdown table.
//
// Ours and the peers take turns (A B C A B C ...), so that whatever disturbs the machine disturbs all of them; each
// figure is the median over the turns, and the quartiles stand beside it. Flags: --repetitions=N (default 5),
// --only=TEXT (rows whose name contains it), --csv=FILE (every sample), and those of Google Benchmark, of which
// --benchmark_min_time=SECONDS is useful.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "comparison.h"
#include "support/disturbance.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/samples.h"
#include "support/spread.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

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

  // One for each turn.
  std::vector<double> of(const std::string& counter) const {
    const auto found = values_.find(counter);
    return found == values_.end() ? std::vector<double>() : found->second;
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
  std::string csv;
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
    } else if (argument.rfind("--csv=", 0) == 0) {
      flags.csv = argument.substr(std::strlen("--csv="));
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

std::vector<double> values_of(const Results& results, const Measure& measure) {
  return results.at(measure.benchmark).of(measure.counter);
}

// Sums of what was measured in the same turn; none if a part of it failed.
std::vector<double> values_of(const Results& results, const Peer& peer) {
  std::vector<double> sums;
  for (std::size_t part = 0; part < peer.sum.size(); ++part) {
    const std::vector<double> values = values_of(results, peer.sum[part]);
    if (part == 0) sums.assign(values.size(), peer.constant_ns);
    sums.resize(std::min(sums.size(), values.size()));
    for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += values[i];
  }
  return peer.sum.empty() ? std::vector<double>{peer.constant_ns} : sums;
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

// Samples of none when there is no figure of any peer.
struct BestPeer {
  std::string name;
  std::vector<double> samples;
};

BestPeer best_peer(const Results& results, const Comparison& row) {
  BestPeer best;
  for (const Peer& peer : row.peers) {
    std::vector<double> samples = values_of(results, peer);
    if (samples.empty() || median(samples) >= median(best.samples)) continue;
    best = {peer.name, std::move(samples)};
  }
  return best;
}

std::vector<std::string> table_row(const Results& results, const Comparison& row) {
  const std::vector<double> samples = values_of(results, row.ours);
  const BestPeer best = best_peer(results, row);
  const double ours = median(samples), peers = median(best.samples);
  const bool difference = row.goal.kind == GoalKind::kDifferenceBelow;
  const std::string ratio = difference ? number(ours - peers) + " ns more" : number(ours / peers) + "x";
  return {row.what,
          number(ours),
          quartiles_text(samples),
          number(peers),
          quartiles_text(best.samples),
          best.name,
          ratio,
          goal_text(row.goal),
          verdict(row.goal, ours, peers)};
}

void print_table(const std::vector<Comparison>& table, const Results& results) {
  MarkdownTable markdown(
      {"what", "ours ns", "quartiles", "best peer ns", "quartiles", "best peer", "ratio", "goal", "goal met"});
  for (const Comparison& row : table) markdown.add(table_row(results, row));
  markdown.print(stdout);
}

void write_samples(SamplesFile& file, const std::vector<Comparison>& table, const Results& results) {
  const auto write = [&file](const Comparison& row, const std::string& contender, const std::vector<double>& samples) {
    for (const double value : samples) file.add(row.what, contender, "time", "ns", Better::kLower, value);
  };
  for (const Comparison& row : table) {
    write(row, "preempt", values_of(results, row.ours));
    for (const Peer& peer : row.peers) write(row, peer.name, values_of(results, peer));
  }
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
  SamplesFile samples(flags.csv, "ratios");
  const Disturbance disturbance;
  const Results results = run(benchmarks_of(table), flags.repetitions);
  print_table(table, results);
  write_samples(samples, table, results);
  std::puts("");
  disturbance.print(stdout);
  return 0;
}
