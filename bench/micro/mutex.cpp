// Locks: one that nobody else wants, and one that 64 tasks want for 200 us each.
#include "preempt/sync/mutex.h"

#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "preempt/executor.h"
#include "support/countdown.h"
#include "support/work.h"

namespace preempt::bench {
namespace {

template <class Lock>
void uncontended(benchmark::State& state) {
  Lock mutex;
  for (auto _ : state) {
    mutex.lock();
    benchmark::ClobberMemory();
    mutex.unlock();
  }
  state.SetItemsProcessed(state.iterations());
}

constexpr int kTasks = 64;
constexpr int kTurns = 5;
constexpr double kHeldSeconds = 200e-6;

// The time for one turn of a task with the mutex, beside `hogs` tasks that never end. Without preemption these keep
// their processors, so there are fewer of them than processors.
void convoy(benchmark::State& state, Options options) {
  const auto hogs = static_cast<int>(state.range(0));
  const auto rounds = static_cast<std::uint64_t>(kHeldSeconds * measure_rounds_per_second());
  Countdown left;
  std::mutex mutex;
  std::atomic<bool> stop = false;  // relaxed: carries no data
  options.processors = 2;
  Executor executor(options);
  for (int i = 0; i < hogs; ++i) {
    executor.execute([&stop] {
      while (!stop.load(std::memory_order_relaxed)) work_rounds(100);
    });
  }
  for (auto _ : state) {
    left.reset(kTasks);
    for (int i = 0; i < kTasks; ++i) {
      executor.execute([&] {
        for (int turn = 0; turn < kTurns; ++turn) {
          const std::lock_guard lock(mutex);
          work_rounds(rounds);
        }
        left.count_down();
      });
    }
    left.wait();
  }
  stop.store(true, std::memory_order_relaxed);
  state.SetItemsProcessed(state.iterations() * kTasks * kTurns);
  state.counters["threads"] = executor.stats().workers_peak;
}

void convoy_without_preemption(benchmark::State& state) { convoy(state, {.preemption = Preemption::kNone}); }

template <int kSliceMicroseconds>
void convoy_preempted(benchmark::State& state) {
  convoy(state, {.time_slice = std::chrono::microseconds(kSliceMicroseconds)});
}

void hog_counts(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("hogs")->Arg(0)->Arg(1)->Iterations(3)->UseRealTime();
}

BENCHMARK(uncontended<Mutex>)->Name("mutex/preempt");
BENCHMARK(uncontended<std::mutex>)->Name("mutex/std");
BENCHMARK(convoy_without_preemption)->Name("convoy/none")->Apply(hog_counts);
BENCHMARK(convoy_preempted<100>)->Name("convoy/slice_100_us")->Apply(hog_counts);
BENCHMARK(convoy_preempted<1000>)->Name("convoy/slice_1000_us")->Apply(hog_counts);

}  // namespace
}  // namespace preempt::bench
