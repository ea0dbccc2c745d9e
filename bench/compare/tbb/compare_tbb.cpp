// Programs written for oneTBB, with oneTBB and with preempt in its place: the same object code. Each workload is run by
// both programs in turn (A B A B ...); the tables show medians.
//
//   compare_tbb [--workload=NAME] [--repetitions=5] [--fib=30] [--tail_seconds=5] [--seed=1] [--csv=FILE]
#include <cstddef>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "flags.h"
#include "report.h"
#include "samples.h"
#include "support/child_program.h"
#include "support/disturbance.h"
#include "support/progress.h"
#include "support/samples.h"

namespace preempt::bench {
namespace {

// A program times a workload so often, after one time that does not count.
constexpr int kRunsOfAProgram = 3;
// A program that hangs is a failed row, not the end of the table.
constexpr int kLimitSeconds = 300;

struct Contender {
  std::string name;
  std::string program;
  Samples samples = {};
};

std::vector<Workload> timed_workloads(const Flags& flags) {
  std::vector<Workload> asked_for;
  for (const Workload& workload :
       {Workload{"fib", "fib(" + std::to_string(flags.fib) + ") by task_group"},
        Workload{"for", "parallel_for, 10 M iterations"},
        Workload{"nested_for", "parallel_for in parallel_for, 1,000 x 10,000"},
        Workload{"reduce", "parallel_reduce, 10 M doubles"}, Workload{"sort", "parallel_sort, 2 M ints"},
        Workload{"pipeline", "parallel_pipeline, 100,000 tokens"},
        Workload{"flow_graph", "flow graph, 1 M messages"}}) {
    if (flags.workload.empty() || flags.workload == workload.name) asked_for.push_back(workload);
  }
  return asked_for;
}

void measure(Contender& contender, const std::string& workload, int runs, const Flags& flags) {
  const std::string command =
      "timeout " + std::to_string(kLimitSeconds) + " " + quoted(own_folder() / contender.program) +
      " --workload=" + workload + " --repetitions=" + std::to_string(runs) + " --fib=" + std::to_string(flags.fib) +
      " --tail_seconds=" + std::to_string(flags.tail_seconds) + " --seed=" + std::to_string(flags.seed);
  if (!read_samples(command, contender.samples)) {
    std::fprintf(stderr, "compare_tbb: %s: %s failed\n", contender.name.c_str(), workload.c_str());
  }
}

// The tail's arrivals are others each time, but the same for both.
void measure_all(std::vector<Contender>& contenders, const std::vector<Workload>& timed, bool with_tail, Flags flags) {
  const Progress progress;
  for (int repetition = 1; repetition <= flags.repetitions; ++repetition, ++flags.seed) {
    for (const Workload& workload : timed) {
      for (Contender& contender : contenders) {
        progress.show(repetition, flags.repetitions, contender.name + ": " + workload.what);
        measure(contender, workload.name, kRunsOfAProgram, flags);
      }
    }
    if (!with_tail) continue;
    for (Contender& contender : contenders) {
      progress.show(repetition, flags.repetitions, contender.name + ": short bodies behind long ones");
      measure(contender, "tail", 1, flags);
    }
  }
}

// Each program's runs are samples of their own: those of one start are alike, those of two are not.
void write_samples(SamplesFile& file, const std::vector<Workload>& timed, const Contender& contender) {
  const auto write = [&](const std::string& workload, const char* metric, const std::string& name) {
    const auto found = contender.samples.find(name);
    if (found == contender.samples.end()) return;
    for (const double seconds : found->second) {
      file.add(workload, contender.name, metric, "ms", Better::kLower, 1e3 * seconds);
    }
  };
  for (const Workload& workload : timed) write(workload.what, "time", workload.name);
  const std::string tail = "100 us bodies behind 20 ms ones, 2 slots";
  for (const char* quantile : {"p50", "p99", "p999", "max"}) write(tail, quantile, std::string("tail_") + quantile);
}

// False when there is no workload of that name.
bool run(const Flags& flags) {
  std::vector<Contender> contenders = {{"oneTBB", "compare_tbb_onetbb"}, {"preempt", "compare_tbb_preempt"}};
  const std::vector<Workload> timed = timed_workloads(flags);
  const bool with_tail = flags.workload.empty() || flags.workload == "tail";
  if (timed.empty() && !with_tail) return false;
  SamplesFile samples(flags.csv, "compare_tbb");
  const Disturbance disturbance;
  measure_all(contenders, timed, with_tail, flags);
  std::printf("%d starts of each program; in each, %d runs of a workload and %g s of the tail.\n\n", flags.repetitions,
              kRunsOfAProgram, flags.tail_seconds);
  if (!timed.empty()) print_times(timed, contenders[0].samples, contenders[1].samples);
  if (!timed.empty() && with_tail) std::puts("");
  if (with_tail) print_tail(contenders[0].samples, contenders[1].samples);
  for (const Contender& contender : contenders) write_samples(samples, timed, contender);
  std::puts("");
  disturbance.print(stdout);
  return true;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  preempt::bench::Flags flags;
  try {
    if (preempt::bench::read_flags(argc, argv, flags) && preempt::bench::run(flags)) return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare_tbb: %s\n", error.what());
    return 1;
  }
  std::fprintf(stderr, "usage: compare_tbb %s\n", preempt::bench::kFlagsUsage);
  return 2;
}
