// A task whose result somebody waits for.
#include <benchmark/benchmark.h>
#include <oneapi/tbb/task_group.h>

#include <future>
#include <memory>
#include <utility>
#include <vector>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "preempt/task_group.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

constexpr int kBatch = 1'000;

// The peers take copyable callables only, hence the shared pointer.
template <class Pool>
std::future<int> submit(Pool& pool) {
  const auto task = std::make_shared<std::packaged_task<int()>>([] { return 1; });
  std::future<int> future = task->get_future();
  pool.post([task] { (*task)(); });
  return future;
}

std::future<int> submit(PreemptPool& pool) {
  return pool.submit([] { return 1; });
}

// Includes waking a worker that sleeps, and being woken by it.
template <class Pool>
void round_trip(benchmark::State& state) {
  Pool pool(static_cast<int>(state.range(0)));
  submit(pool).get();
  for (auto _ : state) benchmark::DoNotOptimize(submit(pool).get());
  state.SetItemsProcessed(state.iterations());
}

template <class Pool>
void submit_all_get_all(benchmark::State& state) {
  Pool pool(static_cast<int>(state.range(0)));
  submit(pool).get();
  std::vector<std::future<int>> results;
  results.reserve(kBatch);
  for (auto _ : state) {
    for (int i = 0; i < kBatch; ++i) results.push_back(submit(pool));
    for (std::future<int>& result : results) benchmark::DoNotOptimize(result.get());
    results.clear();
  }
  state.SetItemsProcessed(state.iterations() * kBatch);
}

// In a task: fork one, wait for it. Task groups run it there. A worker that sleeps in a future's get() is found by the
// watchdog, which hands its processor on; with one worker the forked task runs no earlier.
template <class Pool, class ForkJoin>
void fork_join(benchmark::State& state, ForkJoin fork_and_join) {
  Countdown left;
  Pool pool(static_cast<int>(state.range(0)));
  submit(pool).get();
  for (auto _ : state) {
    left.reset(1);
    pool.post([&] {
      fork_and_join(pool);
      left.count_down();
    });
    left.wait();
  }
  state.SetItemsProcessed(state.iterations());
}

void fork_join_future(benchmark::State& state) {
  fork_join<PreemptPool>(state, [](PreemptPool& pool) { submit(pool).get(); });
}

void fork_join_preempt(benchmark::State& state) {
  fork_join<PreemptPool>(state, [](PreemptPool& pool) {
    TaskGroup group(pool.executor());
    group.run([] {});
    group.wait();
  });
}

void fork_join_task_group(benchmark::State& state) {
  fork_join<TbbPool>(state, [](TbbPool&) {
    oneapi::tbb::task_group group;
    group.run([] {});
    group.wait();
  });
}

void worker_counts(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("workers")->Arg(1)->Arg(2)->UseRealTime();
}

BENCHMARK(round_trip<PreemptPool>)->Name("round_trip/preempt")->Apply(worker_counts);
BENCHMARK(round_trip<TbbPool>)->Name("round_trip/tbb_enqueue")->Apply(worker_counts);
BENCHMARK(round_trip<MutexPool>)->Name("round_trip/mutex_pool")->Apply(worker_counts);
BENCHMARK(submit_all_get_all<PreemptPool>)->Name("submit_all/preempt")->Apply(worker_counts);
BENCHMARK(submit_all_get_all<TbbPool>)->Name("submit_all/tbb_enqueue")->Apply(worker_counts);
BENCHMARK(submit_all_get_all<MutexPool>)->Name("submit_all/mutex_pool")->Apply(worker_counts);
BENCHMARK(fork_join_future)->Name("fork_join/preempt_future")->Apply(worker_counts);
BENCHMARK(fork_join_preempt)->Name("fork_join/preempt")->Apply(worker_counts);
BENCHMARK(fork_join_task_group)->Name("fork_join/tbb_task_group")->Apply(worker_counts);
#if PREEMPT_BENCH_HAS_ASIO
BENCHMARK(round_trip<AsioPool>)->Name("round_trip/asio_post")->Apply(worker_counts);
BENCHMARK(submit_all_get_all<AsioPool>)->Name("submit_all/asio_post")->Apply(worker_counts);
#endif

}  // namespace
}  // namespace preempt::bench
