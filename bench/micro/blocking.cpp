// What a Blocking scope costs that nobody takes the processor from, and what finding a sleeper without one costs: the
// watchdog's look into /proc.
#include "preempt/blocking.h"

#include <benchmark/benchmark.h>
#include <dirent.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <string>
#include <thread>

#include "preempt/executor.h"
#include "support/disturbance.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPairs = 100'000;

// In a task: off a worker the scope does nothing.
void scope(benchmark::State& state) {
  Executor executor({.processors = 1});
  for (auto _ : state) {
    const std::chrono::duration<double> elapsed = executor
                                                      .submit([] {
                                                        const auto start = Clock::now();
                                                        for (int i = 0; i < kPairs; ++i) const Blocking here;
                                                        return Clock::now() - start;
                                                      })
                                                      .get();
    state.SetIterationTime(elapsed.count());
  }
  state.SetItemsProcessed(state.iterations() * kPairs);
}

// The kernel's encoding of a thread's cpu clock (include/linux/posix-timers.h).
clockid_t cpu_clock_of(pid_t thread) { return static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | 6); }

std::string name_of(const std::string& thread) {
  char name[32] = {};
  std::FILE* file = std::fopen(("/proc/self/task/" + thread + "/comm").c_str(), "re");
  if (file == nullptr) return {};
  const bool read = std::fscanf(file, "%31[^\n]", name) == 1;
  std::fclose(file);
  return read ? name : "";
}

// The thread of this process with that name; 0 when there is none.
pid_t thread_named(const std::string& name) {
  pid_t found = 0;
  DIR* directory = opendir("/proc/self/task");
  if (directory == nullptr) return 0;
  while (const dirent* entry = readdir(directory)) {
    if (name_of(entry->d_name) == name) found = std::atoi(entry->d_name);
  }
  closedir(directory);
  return found;
}

// Cpu time of the watchdog while a worker sleeps on each processor with a task waiting behind, divided by the looks at
// a worker. No thread is left to take over, so that the sleepers are looked at again and again.
void look(benchmark::State& state) {
  const auto processors = static_cast<int>(state.range(0));
  std::promise<void> promise;
  const std::shared_future<void> end = promise.get_future().share();
  Executor executor({.processors = processors, .max_threads = processors, .name = "look"});
  for (int i = 0; i <= processors; ++i) executor.execute([end] { end.wait(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const clockid_t clock = cpu_clock_of(thread_named("look-watch"));
  double cpu = 0;
  std::uint64_t looks = 0, wakeups = 0;
  for (auto _ : state) {
    const Stats before = executor.stats();
    const double cpu_before = cpu_seconds(clock);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    const Stats after = executor.stats();
    cpu += cpu_seconds(clock) - cpu_before;
    looks += after.verdict(Verdict::kAsleep) - before.verdict(Verdict::kAsleep);
    wakeups += after.watchdog_wakeups - before.watchdog_wakeups;
  }
  promise.set_value();
  if (looks == 0) {
    state.SkipWithError("the watchdog did not look");
    return;
  }
  state.counters["look_ns"] = 1e9 * cpu / static_cast<double>(looks);
  state.counters["wakeup_ns"] = 1e9 * cpu / static_cast<double>(wakeups);
  state.counters["looks_per_wakeup"] = static_cast<double>(looks) / static_cast<double>(wakeups);
}

// Cpu time of a thread for one sleep of a millisecond.
void bare_wakeup(benchmark::State& state) {
  const double start = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  const timespec millisecond = {0, 1'000'000};
  for (auto _ : state) clock_nanosleep(CLOCK_MONOTONIC, 0, &millisecond, nullptr);
  const double cpu = cpu_seconds(CLOCK_THREAD_CPUTIME_ID) - start;
  state.counters["wakeup_ns"] = 1e9 * cpu / static_cast<double>(state.iterations());
}

BENCHMARK(scope)->Name("blocking/scope")->UseManualTime();
BENCHMARK(look)->Name("look")->ArgName("processors")->Arg(1)->Arg(8)->Iterations(3)->UseRealTime();
BENCHMARK(bare_wakeup)->Name("floor/wakeup")->Iterations(300)->UseRealTime();

}  // namespace
}  // namespace preempt::bench
