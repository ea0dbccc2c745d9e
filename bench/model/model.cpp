// Which part of the scheduler that exists once is too slow for how many processors: a simulation of machines that are
// larger than the one at hand, from constants that were measured on it.
//
//   model [--quick] [--measure] [--load=0.7] [--seed=1] [--COST=NANOSECONDS]... [--csv=FILE]
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/machine.h"
#include "model/measure.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/samples.h"
#include "support/statistics.h"

namespace preempt::bench::model {
namespace {

struct Flags {
  bool quick = false;
  bool measure = false;
  double load = 0.7;
  std::uint64_t seed = 1;
  std::string csv;
  Costs costs;
};

struct Cost {
  const char* name;
  Nanos Costs::*member;
};

constexpr Cost kCosts[] = {{"push", &Costs::push},         {"take", &Costs::take},
                           {"link", &Costs::link},         {"steal", &Costs::steal},
                           {"dispatch", &Costs::dispatch}, {"look", &Costs::look},
                           {"state", &Costs::state},       {"send", &Costs::send},
                           {"arrive", &Costs::arrive},     {"stop", &Costs::stop},
                           {"timer", &Costs::timer},       {"wakeup", &Costs::wakeup},
                           {"unpark", &Costs::unpark},     {"timer_signal", &Costs::timer_signal}};

const char* value_of(std::string_view argument, const std::string& name) {
  const std::string start = "--" + name + "=";
  return argument.substr(0, start.size()) == start ? argument.data() + start.size() : nullptr;
}

bool take_cost(const char* argument, Costs& costs) {
  for (const Cost& cost : kCosts) {
    if (const char* value = value_of(argument, cost.name)) {
      costs.*cost.member = std::atoll(value);
      return costs.*cost.member >= 0;
    }
  }
  return false;
}

bool read_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--quick") {
      flags.quick = true;
    } else if (argument == "--measure") {
      flags.measure = true;
    } else if (const char* value = value_of(argument, "load")) {
      flags.load = std::atof(value);
    } else if (const char* value = value_of(argument, "seed")) {
      flags.seed = std::strtoull(value, nullptr, 10);
    } else if (const char* value = value_of(argument, "csv")) {
      flags.csv = value;
    } else if (!take_cost(argv[i], flags.costs)) {
      return false;
    }
  }
  return flags.load > 0 && flags.load < 1;
}

void print_costs(const Costs& costs) {
  std::printf("Nanoseconds:");
  for (const Cost& cost : kCosts) std::printf(" %s %lld", cost.name, static_cast<long long>(costs.*cost.member));
  std::puts("\n");
}

struct Load {
  std::string name;
  Tasks tasks;
  Nanos slice;
  double load = 0;  // 0: the flag's
};

// The last one has so many long tasks that each processor always has one, and something waits behind it.
std::vector<Load> watchdog_loads() {
  const Tasks bimodal, half{.short_length = 500'000, .long_length = 50'000'000, .long_share = 0.5};
  return {{"99.5:100us 0.5:50ms, slice 1 ms", bimodal, 1'000'000},
          {"99.5:100us 0.5:50ms, slice 100 us", bimodal, 100'000},
          {"50:0.5ms 50:50ms, slice 100 us", half, 100'000, 0.95}};
}

std::vector<Load> inject_loads() {
  const auto equal = [](Nanos length) { return Tasks{.short_length = length, .long_share = 0}; };
  return {{"tasks of 10 us, slice 1 ms", equal(10'000), 1'000'000},
          {"tasks of 1 us, slice 1 ms", equal(1'000), 1'000'000}};
}

std::vector<Design> clock_designs() {
  Design single, sharded, timers;
  single.name = "one";
  sharded.name = "per 32";
  sharded.processors_of_a_watchdog = 32;
  timers.name = "timers";
  timers.clock = Clock::kTimers;
  return {single, sharded, timers};
}

std::vector<Design> inject_designs() {
  Design single, sharded, own;
  single.name = "one";
  sharded.name = "per 32";
  sharded.processors_of_an_inject_queue = 32;
  own.name = "per 4";
  own.processors_of_an_inject_queue = 4;
  return {single, sharded, own};
}

std::vector<int> processor_counts(bool quick) {
  if (quick) return {1, 8, 64};
  return {1, 2, 4, 8, 16, 32, 64, 128, 256};
}

double load_of(const Flags& flags, const Load& load) { return load.load > 0 ? load.load : flags.load; }

Outcome simulate(const Flags& flags, const Load& load, const Design& design, int processors) {
  Setting setting;
  setting.processors = processors;
  setting.slice = load.slice;
  setting.load = load_of(flags, load);
  setting.tasks = load.tasks;
  setting.design = design;
  setting.costs = flags.costs;
  setting.seed = flags.seed;
  // Long enough for the long tasks, of which there are few, to be met by many of the short ones.
  setting.arrivals = std::max(flags.quick ? 20'000 : 100'000, (flags.quick ? 200 : 1'000) * processors);
  return Machine(setting).run();
}

// What a table shows of one outcome: a head line for each figure, and the figures.
struct Figure {
  const char* name;
  const char* unit;
  double (*of)(const Outcome&);
};

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(std::max<std::size_t>(1, values.size()));
}

constexpr Figure kClockFigures[] = {
    {"busy", "%", [](const Outcome& outcome) { return 100 * outcome.watchdog_share; }},
    {"late p50", "us", [](const Outcome& outcome) { return 1e-3 * median(outcome.lateness); }},
    {"late p99", "us", [](const Outcome& outcome) { return 1e-3 * quantile(outcome.lateness, 0.99); }},
    {"short tasks' p99", "us", [](const Outcome& outcome) { return 1e-3 * quantile(outcome.short_latency, 0.99); }},
};

constexpr Figure kInjectFigures[] = {
    {"in use", "%", [](const Outcome& outcome) { return 100 * outcome.inject_share; }},
    {"mean wait", "us", [](const Outcome& outcome) { return 1e-3 * mean(outcome.inject_waits); }},
    {"tasks' p99", "us", [](const Outcome& outcome) { return 1e-3 * quantile(outcome.short_latency, 0.99); }},
};

template <std::size_t kFigures>
std::vector<std::string> header(const std::vector<Design>& designs, const Figure (&figures)[kFigures]) {
  std::vector<std::string> cells = {"processors"};
  for (const Design& design : designs) {
    for (const Figure& figure : figures)
      cells.push_back(absl::StrCat(design.name, ": ", figure.name, ", ", figure.unit));
  }
  return cells;
}

// A line for each number of processors, the designs beside each other.
template <std::size_t kFigures>
void print_table(const Flags& flags, const Load& load, const std::vector<Design>& designs,
                 const Figure (&figures)[kFigures], SamplesFile& samples) {
  std::printf("%s, load %.2f:\n\n", load.name.c_str(), load_of(flags, load));
  MarkdownTable table(header(designs, figures));
  {
    const Progress progress;
    const std::vector<int> counts = processor_counts(flags.quick);
    for (const int processors : counts) {
      progress.show(processors, counts.back(), load.name);
      std::vector<std::string> row = {std::to_string(processors)};
      for (const Design& design : designs) {
        const Outcome outcome = simulate(flags, load, design, processors);
        for (const Figure& figure : figures) {
          const double value = figure.of(outcome);
          row.push_back(number(value));
          samples.add(absl::StrCat(load.name, ", ", processors, " processors"), design.name, figure.name, figure.unit,
                      Better::kLower, value);
        }
      }
      table.add(std::move(row));
    }
  }
  table.print(stdout);
  std::puts("");
}

void run(const Flags& flags) {
  SamplesFile samples(flags.csv, "model");
  print_costs(flags.costs);
  std::puts(
      "Who sees that a slice is over: one watchdog (ours), one for each 32 processors, or a timer of each thread.\n");
  for (const Load& load : watchdog_loads()) print_table(flags, load, clock_designs(), kClockFigures, samples);
  std::puts("The inject queue's cache line: one (ours), one for each 32 processors, or one for each 4.\n");
  for (const Load& load : inject_loads()) print_table(flags, load, inject_designs(), kInjectFigures, samples);
}

}  // namespace
}  // namespace preempt::bench::model

int main(int argc, char** argv) {
  using namespace preempt::bench::model;
  Flags flags;
  if (!read_flags(argc, argv, flags)) {
    std::fputs("usage: model [--quick] [--measure] [--load=0.7] [--seed=1] [--csv=FILE] [--COST=NANOSECONDS]...\nCOST:",
               stderr);
    for (const Cost& cost : kCosts) std::fprintf(stderr, " %s", cost.name);
    std::fputs("\n", stderr);
    return 2;
  }
  try {
    if (flags.measure) {
      print_costs(measure_costs());
    } else {
      run(flags);
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "model: %s\n", error.what());
    return 1;
  }
  return 0;
}
