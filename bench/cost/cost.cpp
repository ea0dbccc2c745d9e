// What preempt takes for itself, beside other pools: cpu time of the watchdog and of preempting, overhead where nothing
// is preempted, instructions, memory, time to start and to end.
//
//   cost [--quick] [--only=PART] [--repetitions=5] [--csv=FILE] [--instructions_limit=TIMES]
//
// With a limit the exit status is 1 when a task of ours takes more instructions than so many times the mutex pool's.
#include "cost.h"

#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>

#include "support/disturbance.h"

namespace preempt::bench {
namespace {

struct Part {
  const char* name;
  const char* title;
  void (*measure)(Measurement&);
};

constexpr Part kParts[] = {
    {"watchdog", "Cpu time of preempting", measure_watchdog},
    {"overhead", "Overhead where nothing is preempted", measure_overhead},
    {"instructions", "Instructions for each empty task", measure_instructions},
    {"memory", "Memory, and time to make and to end many", measure_memory},
    {"starting", "Start and end of a pool", measure_starting},
};

struct Flags {
  Size size = Size::kFull;
  int repetitions = 5;
  std::string only;
  std::string csv;
  double instructions_limit = 0;
};

// The value of `argument` when it is `name`VALUE.
bool take(std::string_view argument, std::string_view name, std::string& value) {
  if (argument.substr(0, name.size()) != name) return false;
  value = argument.substr(name.size());
  return true;
}

bool read_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    std::string repetitions, limit;
    if (std::string_view(argv[i]) == "--quick") {
      flags.size = Size::kQuick;
    } else if (take(argv[i], "--repetitions=", repetitions)) {
      flags.repetitions = std::atoi(repetitions.c_str());
    } else if (take(argv[i], "--instructions_limit=", limit)) {
      flags.instructions_limit = std::atof(limit.c_str());
    } else if (!take(argv[i], "--only=", flags.only) && !take(argv[i], "--csv=", flags.csv)) {
      return false;
    }
  }
  return flags.repetitions > 0;
}

// Returns the exit status: 2 when there is no part of that name.
int run(const Flags& flags) {
  SamplesFile samples(flags.csv, "cost");
  Measurement measurement{flags.size, flags.repetitions, flags.instructions_limit, samples};
  const Disturbance disturbance;
  bool any = false;
  for (const Part& part : kParts) {
    if (!flags.only.empty() && flags.only != part.name) continue;
    std::printf("%s### %s\n\n", any ? "\n" : "", part.title);
    part.measure(measurement);
    std::fflush(stdout);
    any = true;
  }
  if (!any) return 2;
  std::puts("");
  disturbance.print(stdout);
  return measurement.exceeded ? 1 : 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  preempt::bench::Flags flags;
  int status = 2;
  try {
    if (preempt::bench::read_flags(argc, argv, flags)) status = preempt::bench::run(flags);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cost: %s\n", error.what());
    return 1;
  }
  if (status == 2) {
    std::fputs(
        "usage: cost [--quick] [--only=watchdog|overhead|instructions|memory|starting] [--repetitions=5]\n"
        "            [--csv=FILE] [--instructions_limit=TIMES]\n",
        stderr);
  }
  return status;
}
