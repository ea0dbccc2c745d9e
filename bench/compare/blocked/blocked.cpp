// Throughput of tasks that sleep: 50 us of computing around a sleep of 200 us, on two processors. Each pool is a
// program of its own, so that hooks reach only the one that has them; they take turns, and the table shows medians.
//
//   blocked [--tasks=10000] [--repetitions=5] [--csv=FILE]
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <limits>
#include <string>
#include <system_error>
#include <vector>

#include "support/child_program.h"
#include "support/disturbance.h"
#include "support/go_program.h"
#include "support/markdown.h"
#include "support/progress.h"
#include "support/samples.h"
#include "support/statistics.h"
#include "support/work.h"

namespace preempt::bench {
namespace {

constexpr int kProcessors = 2;
constexpr double kComputeSeconds = 50e-6;
constexpr int kSleepMicroseconds = 200;

struct Contender {
  std::string name;
  std::string program;
  int threads = kProcessors;
  std::string variant = {};
  bool is_ours = false;
  std::vector<double> per_second = {}, cpu = {};  // one for each repetition; cpu in microseconds a task
};

std::vector<Contender> contenders() {
  const std::string folder = quoted(own_folder()) + "/";
  std::vector<Contender> all = {
      {"preempt, pinned, with hooks", folder + "blocked_preempt_hooked", kProcessors, "pinned", true},
      {"preempt, pinned, without hooks", folder + "blocked_preempt", kProcessors, "pinned", true},
      {"preempt, migratable, preempt::sleep_for", folder + "blocked_preempt", kProcessors, "migratable", true}};
  for (const int threads : {2, 64}) {
    const std::string text = ", " + std::to_string(threads) + " threads";
    all.push_back({"oneTBB arena" + text, folder + "blocked_tbb", threads});
    all.push_back({"mutex pool" + text, folder + "blocked_mutex_pool", threads});
  }
  for (const int threads : {2, 64, 512}) {
    all.push_back({"asio::thread_pool, " + std::to_string(threads) + " threads", folder + "blocked_asio", threads});
  }
  return all;
}

void measure(Contender& contender, int tasks, std::uint64_t rounds, SamplesFile& samples) {
  ChildProgram program(contender.program + " " + std::to_string(tasks) + " " + std::to_string(rounds) + " " +
                       std::to_string(kSleepMicroseconds) + " " + std::to_string(contender.threads) + " " +
                       contender.variant);
  double seconds = 0, cpu = 0;
  if (!program.read(seconds) || !program.read(cpu) || !program.end()) return;
  contender.per_second.push_back(tasks / seconds);
  contender.cpu.push_back(1e6 * cpu / tasks);
  const std::string workload = std::to_string(kProcessors) + " processors, 50 us of work around 200 us asleep";
  samples.add(workload, contender.name, "throughput", "tasks/s", Better::kHigher, contender.per_second.back());
  samples.add(workload, contender.name, "cpu time for a task", "us", Better::kLower, contender.cpu.back());
}

struct Best {
  double per_second = 0;
  double cpu = std::numeric_limits<double>::infinity();
};

Best best_peer(const std::vector<Contender>& all) {
  Best best;
  for (const Contender& each : all) {
    if (each.is_ours || each.cpu.empty()) continue;
    best.per_second = std::max(best.per_second, median(each.per_second));
    best.cpu = std::min(best.cpu, median(each.cpu));
  }
  return best;
}

void print_table(const std::vector<Contender>& all, bool has_go) {
  const Best best = best_peer(all);
  MarkdownTable table({"pool", "tasks/s", "/ best peer", "cpu us per task", "/ least of peers"});
  for (const Contender& each : all) {
    if (each.cpu.empty()) {
      table.add({each.name, "skipped: not built, or it failed"});
      continue;
    }
    const double rate = median(each.per_second), cpu = median(each.cpu);
    table.add(
        {each.name, number(rate), number(rate / best.per_second) + "x", number(cpu), number(cpu / best.cpu) + "x"});
  }
  if (!has_go) table.add({"Go", "skipped: no Go compiler here"});
  table.print(stdout);
}

void print_goals(const std::vector<Contender>& all) {
  constexpr double kCpu = 1.1;
  const Best best = best_peer(all);
  for (const Contender& each : all) {
    if (!each.is_ours || each.cpu.empty()) continue;
    const double rate = median(each.per_second) / best.per_second, cpu = median(each.cpu) / best.cpu;
    std::printf("- %s: tasks/s / best peer %s (goal: >= 1.00): %s; cpu / least of peers %s (goal: <= %s): %s\n",
                each.name.c_str(), number(rate).c_str(), rate >= 1 ? "pass" : "FAIL", number(cpu).c_str(),
                number(kCpu).c_str(), cpu <= kCpu ? "pass" : "FAIL");
  }
}

int run(int tasks, int repetitions, const std::string& csv) {
  SamplesFile samples(csv, "blocked");
  const auto rounds = static_cast<std::uint64_t>(kComputeSeconds * measure_rounds_per_second());
  const GoProgram go(PREEMPT_BENCH_GO_SOURCE);
  std::vector<Contender> all = contenders();
  if (go.built()) all.push_back({"Go, a goroutine for each task", go.command()});
  const Disturbance disturbance;
  {
    const Progress progress;
    for (int repetition = 1; repetition <= repetitions; ++repetition) {
      for (Contender& each : all) {
        progress.show(repetition, repetitions, each.name);
        measure(each, tasks, rounds, samples);
      }
    }
  }
  std::printf("%d tasks: 25 us of work, %d us asleep, 25 us of work; %d processors, %d repetitions.\n\n", tasks,
              kSleepMicroseconds, kProcessors, repetitions);
  print_table(all, go.built());
  std::puts("");
  print_goals(all);
  std::puts("");
  disturbance.print(stdout);
  return 0;
}

bool take(const char* argument, const char* name, std::string& value) {
  const std::size_t length = std::strlen(name);
  if (std::strncmp(argument, name, length) != 0) return false;
  value = argument + length;
  return true;
}

bool take(const char* argument, const char* name, int& value) {
  std::string text;
  if (!take(argument, name, text)) return false;
  value = std::atoi(text.c_str());
  return value > 0;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  using preempt::bench::take;
  int tasks = 10'000, repetitions = 5;
  std::string csv;
  for (int i = 1; i < argc; ++i) {
    if (take(argv[i], "--tasks=", tasks) || take(argv[i], "--repetitions=", repetitions)) continue;
    if (take(argv[i], "--csv=", csv)) continue;
    std::fputs("usage: blocked [--tasks=10000] [--repetitions=5] [--csv=FILE]\n", stderr);
    return 2;
  }
  try {
    return preempt::bench::run(tasks, repetitions, csv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "blocked: %s\n", error.what());
    return 1;
  }
}
