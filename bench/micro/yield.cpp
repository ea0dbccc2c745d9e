// Two tasks of one processor that yield to each other.
#include <benchmark/benchmark.h>
#include <sched.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "preempt/executor.h"
#include "support/affinity.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

constexpr int kYields = 1'000;
constexpr int kTasks = 2;

enum class Kind { kPinned, kMigratable };

// Nothing but the yields may switch tasks or take them down a level: a yield looks only at its own level and above.
Options quiet_options() {
  return {.processors = 1, .time_slice = std::chrono::seconds(10), .preemption = Preemption::kCheckpoints};
}

template <Kind kKind>
void ping_pong(benchmark::State& state) {
  Countdown left;
  const CpuSplit cpus = split_cpus(1);
  const AffinityScope scope(cpus.workers);
  Executor executor(quiet_options());
  const TaskOptions task_options = {.migratable = kKind == Kind::kMigratable};
  const auto yielding = [&left] {
    for (int i = 0; i < kYields; ++i) yield();
    left.count_down();
  };
  for (auto _ : state) {
    left.reset(kTasks);
    // Submitted by a task of the only processor, so that neither starts before both are there.
    executor.execute([&] {
      for (int i = 0; i < kTasks; ++i) executor.execute(yielding, task_options);
    });
    left.wait();
  }
  const std::int64_t asked = state.iterations() * kTasks * kYields;
  state.SetItemsProcessed(asked);
  state.counters["switched"] = static_cast<double>(executor.stats().checkpoint_yields) / static_cast<double>(asked);
}

// The kernel's own: two threads on one cpu.
void ping_pong_threads(benchmark::State& state) {
  const CpuSplit cpus = split_cpus(1);
  const AffinityScope scope(cpus.workers);
  for (auto _ : state) {
    std::atomic<int> started = 0;
    const auto yielding = [&started] {
      // Relaxed: only to begin together.
      started.fetch_add(1, std::memory_order_relaxed);
      while (started.load(std::memory_order_relaxed) < kTasks) sched_yield();
      for (int i = 0; i < kYields; ++i) sched_yield();
    };
    std::thread first(yielding), second(yielding);
    first.join();
    second.join();
  }
  state.SetItemsProcessed(state.iterations() * kTasks * kYields);
}

BENCHMARK(ping_pong<Kind::kPinned>)->Name("yield/preempt_pinned")->UseRealTime();
BENCHMARK(ping_pong<Kind::kMigratable>)->Name("yield/preempt_migratable")->UseRealTime();
BENCHMARK(ping_pong_threads)->Name("yield/threads")->UseRealTime();

}  // namespace
}  // namespace preempt::bench
