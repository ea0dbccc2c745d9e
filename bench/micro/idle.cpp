// From a sleeping pool to the first instruction of a task; making and ending a pool; many submitters at once.
#include <benchmark/benchmark.h>

#include <chrono>
#include <thread>
#include <vector>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "support/countdown.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Long enough for every worker to sleep.
constexpr auto kRest = std::chrono::microseconds(500);

template <class Pool>
void wake_up(benchmark::State& state) {
  Countdown left;
  Pool pool(2);
  Clock::time_point began;
  std::vector<double> samples;
  for (auto _ : state) {
    std::this_thread::sleep_for(kRest);
    left.reset(1);
    const auto posted = Clock::now();
    pool.post([&] {
      began = Clock::now();
      left.count_down();
    });
    left.wait();
    samples.push_back(std::chrono::duration<double, std::nano>(began - posted).count());
  }
  state.counters["p50_ns"] = median(samples);
}

// With one task, so that every pool has made a thread.
template <class Pool>
void start_and_end(benchmark::State& state) {
  Countdown left;
  for (auto _ : state) {
    Pool pool(2);
    left.reset(1);
    pool.post([&left] { left.count_down(); });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations());
}

// Empty tasks from several threads at once, the time for each until the last one has run.
template <class Pool>
void from_threads(benchmark::State& state) {
  constexpr int kBatch = 20'000;
  Countdown left;
  Pool pool(2);
  const auto threads = static_cast<int>(state.range(0));
  for (auto _ : state) {
    left.reset(kBatch);
    std::vector<std::thread> submitters;
    for (int i = 0; i < threads; ++i) {
      submitters.emplace_back([&] {
        for (int task = 0; task < kBatch / threads; ++task) pool.post([&left] { left.count_down(); });
      });
    }
    for (std::thread& each : submitters) each.join();
    left.wait();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void submitters(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("threads")->Arg(1)->Arg(2)->Arg(4)->UseRealTime();
}
void short_run(benchmark::internal::Benchmark* benchmark) { benchmark->Iterations(300)->UseRealTime(); }

BENCHMARK(wake_up<PreemptPool>)->Name("wake_up/preempt")->Apply(short_run);
BENCHMARK(wake_up<MutexPool>)->Name("wake_up/mutex_pool")->Apply(short_run);
BENCHMARK(wake_up<TbbPool>)->Name("wake_up/tbb_enqueue")->Apply(short_run);
BENCHMARK(start_and_end<PreemptPool>)->Name("start/preempt")->Apply(short_run);
BENCHMARK(start_and_end<MutexPool>)->Name("start/mutex_pool")->Apply(short_run);
BENCHMARK(from_threads<PreemptPool>)->Name("threads/preempt")->Apply(submitters);
BENCHMARK(from_threads<MutexPool>)->Name("threads/mutex_pool")->Apply(submitters);
BENCHMARK(from_threads<TbbPool>)->Name("threads/tbb_enqueue")->Apply(submitters);
#if PREEMPT_BENCH_HAS_ASIO
BENCHMARK(wake_up<AsioPool>)->Name("wake_up/asio_post")->Apply(short_run);
BENCHMARK(start_and_end<AsioPool>)->Name("start/asio_post")->Apply(short_run);
BENCHMARK(from_threads<AsioPool>)->Name("threads/asio_post")->Apply(submitters);
#endif

}  // namespace
}  // namespace preempt::bench
