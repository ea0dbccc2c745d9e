// What checkpoints cost that the compiler put in and that are not taken: the same program compiled without, with one in
// each function, with one in each turn of a loop too, and, for comparison, with a call in each basic block. Then what
// they cost that are taken, beside a goroutine that gives way and a bare signal.
//
//   checkpoints [--repetitions=41] [--csv=FILE]
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "support/child_program.h"
#include "support/disturbance.h"
#include "support/go_program.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/samples.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

struct Build {
  std::string name;
  std::string program;
  double goal = 0;  // times the plain one; 0: none
  std::vector<double> fib = {}, json = {};
};

bool measure(Build& build) {
  ChildProgram program(quoted(own_folder() / build.program));
  double fib = 0, json = 0;
  if (!program.read(fib) || !program.read(json) || !program.end()) return false;
  build.fib.push_back(fib);
  build.json.push_back(json);
  return true;
}

// Of the runs side by side, so that a slow minute of the machine is in both.
double ratio(const std::vector<double>& ours, const std::vector<double>& plain) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < ours.size(); ++i) ratios.push_back(ours[i] / plain[i]);
  return median(ratios);
}

void print(const std::vector<Build>& builds) {
  const Build& plain = builds[0];
  MarkdownTable table({"checkpoints", "fib ms", "/ none", "JSON ms", "/ none"});
  for (const Build& build : builds) {
    table.add({build.name, number(median(build.fib)), number(ratio(build.fib, plain.fib)) + "x",
               number(median(build.json)), number(ratio(build.json, plain.json)) + "x"});
  }
  table.print(stdout);
  std::puts("");
  for (const Build& build : builds) {
    if (build.goal == 0) continue;
    const double fib = ratio(build.fib, plain.fib), json = ratio(build.json, plain.json);
    std::printf("- %s: fib %.3f, JSON %.3f of the time without (goal: <= %.2f): %s\n", build.name.c_str(), fib, json,
                build.goal, fib <= build.goal && json <= build.goal ? "pass" : "FAIL");
  }
}

// Nanoseconds for each switch between two tasks of one processor.
struct Switches {
  std::vector<double> checkpoint = {}, prologue = {}, signal = {}, bare_signal = {}, gosched = {};
};

bool measure(Switches& switches) {
  ChildProgram program(quoted(own_folder() / "checkpoints_switches"));
  for (auto* each : {&switches.checkpoint, &switches.prologue, &switches.signal, &switches.bare_signal}) {
    double value = 0;
    if (!program.read(value)) return false;
    each->push_back(value);
  }
  return program.end();
}

void measure_go(Switches& switches, const GoProgram& go) {
  if (!go.built()) return;
  ChildProgram program(go.command());
  double value = 0;
  if (program.read(value)) switches.gosched.push_back(value);
}

void print(const Switches& switches) {
  MarkdownTable table({"taken, with a switch between two tasks", "ns", "beside", "ns", "ratio"});
  const double gosched = median(switches.gosched), bare = median(switches.bare_signal);
  const auto add = [&table](const char* name, const std::vector<double>& ours, const char* peer, double peers) {
    table.add({name, number(median(ours)), peer, number(peers), number(median(ours) / peers) + "x"});
  };
  add("PREEMPT_CHECKPOINT()", switches.checkpoint, "Go's Gosched", gosched);
  add("a checkpoint in a prologue", switches.prologue, "Go's Gosched", gosched);
  add("at any instruction of marked code", switches.signal, "bare signal", bare);
  table.print(stdout);
  const double taken = median(switches.checkpoint) / gosched, preempted = median(switches.signal) / bare;
  std::printf("\n- a taken checkpoint / Gosched: %s (goal: <= 1): %s\n", number(taken).c_str(),
              switches.gosched.empty() ? "skipped, no Go compiler here"
              : taken <= 1             ? "pass"
                                       : "FAIL");
  std::printf("- a preemption in marked code / bare signal: %s (goal: <= 1.3): %s\n", number(preempted).c_str(),
              preempted <= 1.3 ? "pass" : "FAIL");
}

// In the samples ours are the builds with checkpoints, and the one without is their peer.
void write_samples(SamplesFile& samples, const std::vector<Build>& builds, const Switches& switches) {
  const auto write = [&samples](const char* workload, const std::string& contender, const char* unit,
                                const std::vector<double>& values) {
    for (const double value : values) samples.add(workload, contender, "time", unit, Better::kLower, value);
  };
  for (const Build& build : builds) {
    const std::string contender = build.goal == 0 ? build.name : "preempt, " + build.name;
    write("fib(30)", contender, "ms", build.fib);
    write("JSON", contender, "ms", build.json);
  }
  write("a switch at a checkpoint", "preempt, PREEMPT_CHECKPOINT()", "ns", switches.checkpoint);
  write("a switch at a checkpoint", "preempt, in a prologue", "ns", switches.prologue);
  write("a switch at a checkpoint", "Go's Gosched", "ns", switches.gosched);
  write("a switch at any instruction", "preempt", "ns", switches.signal);
  write("a switch at any instruction", "bare signal", "ns", switches.bare_signal);
}

int run(int repetitions, const std::string& csv) {
  SamplesFile samples(csv, "checkpoints");
  std::vector<Build> builds = {{"none", "checkpoints_none"},
                               {"in each function", "checkpoints_functions", 1.03},
                               {"and in each turn of a loop", "checkpoints_loops", 1.08},
                               {"in each basic block (trace-pc)", "checkpoints_trace_pc"}};
  Switches switches;
  const GoProgram go(PREEMPT_BENCH_GO_SOURCE);
  const Disturbance disturbance;
  {
    const Progress progress;
    for (int repetition = 1; repetition <= repetitions; ++repetition) {
      for (Build& build : builds) {
        progress.show(repetition, repetitions, build.name);
        if (measure(build)) continue;
        std::fprintf(stderr, "checkpoints: %s failed\n", build.program.c_str());
        return 1;
      }
      if (!measure(switches)) {
        std::fputs("checkpoints: checkpoints_switches failed\n", stderr);
        return 1;
      }
      measure_go(switches, go);
    }
  }
  std::printf("fib(30), and JSON parsed and dumped by nlohmann-json; nothing asks; %d repetitions.\n\n", repetitions);
  print(builds);
  std::puts("");
  print(switches);
  write_samples(samples, builds, switches);
  std::puts("");
  disturbance.print(stdout);
  return 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  constexpr std::string_view kRepetitions = "--repetitions=", kCsv = "--csv=";
  int repetitions = 41;
  std::string csv;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument.substr(0, kRepetitions.size()) == kRepetitions) {
      repetitions = std::atoi(argv[i] + kRepetitions.size());
    } else if (argument.substr(0, kCsv.size()) == kCsv) {
      csv = argument.substr(kCsv.size());
    } else {
      repetitions = 0;
    }
  }
  if (repetitions < 1) {
    std::fputs("usage: checkpoints [--repetitions=41] [--csv=FILE]\n", stderr);
    return 2;
  }
  try {
    return preempt::bench::run(repetitions, csv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "checkpoints: %s\n", error.what());
    return 1;
  }
}
