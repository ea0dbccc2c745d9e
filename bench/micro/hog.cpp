// One processor, a task that never ends and marks nothing, then a second task: after how long does that one run?
#include <benchmark/benchmark.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "support/affinity.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::microseconds;

constexpr int kSamples = 300;
constexpr auto kGiveUp = std::chrono::seconds(2);

enum class Hog {
  kFresh,  // started just before: the second task waits for the rest of its first slice
  kOld,    // has been at the lowest level for long: the second task preempts it
};

// An executor of one processor on a cpu of its own, with this thread on another one.
class HoggedProcessor {
 public:
  explicit HoggedProcessor(std::chrono::nanoseconds time_slice)
      : cpus_(split_cpus(1)), executor_(make(cpus_, time_slice)), feeder_(cpus_.feeder) {}

  ~HoggedProcessor() { stop_hog(); }

  void start_hog() {
    // Relaxed throughout: the flags carry no data, and execute() and drain() order the rounds.
    stop_.store(false, std::memory_order_relaxed);
    running_.store(false, std::memory_order_relaxed);
    executor_->execute([this] {
      running_.store(true, std::memory_order_relaxed);
      while (!stop_.load(std::memory_order_relaxed)) asm volatile("");
    });
    while (!running_.load(std::memory_order_relaxed)) std::this_thread::yield();
  }

  void stop_hog() {
    stop_.store(true, std::memory_order_relaxed);
    executor_->drain();
  }

  // How long a task waits that is submitted now; nothing when it does not run at all.
  std::optional<Clock::duration> probe() {
    // Not on the stack: the task may run after this has given up.
    ran_at_.store(0, std::memory_order_relaxed);
    const auto start = Clock::now();
    executor_->execute([this] { ran_at_.store(Clock::now().time_since_epoch().count(), std::memory_order_relaxed); });
    while (ran_at_.load(std::memory_order_relaxed) == 0) {
      if (Clock::now() - start > kGiveUp) return std::nullopt;
      std::this_thread::sleep_for(microseconds(20));
    }
    return Clock::duration(ran_at_.load(std::memory_order_relaxed)) - start.time_since_epoch();
  }

 private:
  static std::unique_ptr<Executor> make(const CpuSplit& cpus, std::chrono::nanoseconds time_slice) {
    const AffinityScope scope(cpus.workers);
    return std::make_unique<Executor>(Options{.processors = 1, .time_slice = time_slice});
  }

  CpuSplit cpus_;
  std::atomic<bool> stop_ = false;
  std::atomic<bool> running_ = false;
  std::atomic<Clock::rep> ran_at_ = 0;
  std::unique_ptr<Executor> executor_;
  AffinityScope feeder_;
};

template <Hog kHog>
void latency(benchmark::State& state) {
  const microseconds time_slice(state.range(0));
  HoggedProcessor processor(time_slice);
  processor.start_hog();
  if (kHog == Hog::kOld) std::this_thread::sleep_for(100 * time_slice);
  std::vector<double> waits;
  for (auto _ : state) {
    if (kHog == Hog::kFresh) {
      processor.stop_hog();
      processor.start_hog();
    } else {
      std::this_thread::sleep_for(3 * time_slice);
    }
    const std::optional<Clock::duration> wait = processor.probe();
    if (!wait) {
      state.SkipWithError("the task behind the hog did not run");
      return;
    }
    waits.push_back(std::chrono::duration<double, std::nano>(*wait).count());
    state.SetIterationTime(std::chrono::duration<double>(*wait).count());
  }
  state.counters["p50_ns"] = quantile(waits, 0.5);
  state.counters["p99_ns"] = quantile(waits, 0.99);
}

void slices(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("slice_us")->Arg(100)->Arg(1000)->Iterations(kSamples)->UseManualTime();
}

BENCHMARK(latency<Hog::kFresh>)->Name("behind_fresh_hog")->Apply(slices);
BENCHMARK(latency<Hog::kOld>)->Name("behind_old_hog")->Apply(slices);

}  // namespace
}  // namespace preempt::bench
