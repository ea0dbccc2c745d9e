// Runs workloads and prints a line `name seconds` for each repetition. One object code, linked with oneTBB and with
// preempt in its place.
//
//   compare_tbb_onetbb [--workload=NAME] [--repetitions=5] [--fib=30] [--tail_seconds=5] [--seed=1]
#include <cstdio>
#include <exception>
#include <string>

#include "workloads.h"

namespace preempt::bench {
namespace {

struct Workload {
  const char* name;
  double (*measure)(const Flags&);
};

constexpr Workload kTimed[] = {{"fib", measure_fib},
                               {"for", measure_for},
                               {"nested_for", measure_nested_for},
                               {"reduce", measure_reduce},
                               {"sort", measure_sort},
                               {"pipeline", measure_pipeline},
                               {"flow_graph", measure_flow_graph}};

bool is_asked_for(const char* name, const Flags& flags) { return flags.workload.empty() || flags.workload == name; }

void print(const char* name, double seconds) {
  std::printf("%s %.9f\n", name, seconds);
  std::fflush(stdout);
}

void run_timed(const Workload& workload, const Flags& flags) {
  workload.measure(flags);  // makes threads, stacks and pages
  for (int i = 0; i < flags.repetitions; ++i) print(workload.name, workload.measure(flags));
}

void run_tail(Flags flags) {
  for (int i = 0; i < flags.repetitions; ++i, ++flags.seed) {
    const Tail tail = measure_tail(flags);
    print("tail_p50", tail.p50);
    print("tail_p99", tail.p99);
    print("tail_p999", tail.p999);
    print("tail_max", tail.max);
  }
}

// False when there is no workload of that name.
bool run(const Flags& flags) {
  bool found = false;
  for (const Workload& workload : kTimed) {
    if (!is_asked_for(workload.name, flags)) continue;
    run_timed(workload, flags);
    found = true;
  }
  if (is_asked_for("tail", flags)) {
    run_tail(flags);
    found = true;
  }
  return found;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  preempt::bench::Flags flags;
  try {
    if (preempt::bench::read_flags(argc, argv, flags) && preempt::bench::run(flags)) return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
    return 1;
  }
  std::fprintf(stderr, "usage: %s %s\n", argv[0], preempt::bench::kFlagsUsage);
  return 2;
}
