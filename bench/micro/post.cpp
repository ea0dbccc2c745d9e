// Throughput of empty tasks, until the last one has run.
#include <benchmark/benchmark.h>
#include <oneapi/tbb/task_group.h>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

constexpr int kBatch = 10'000;

// One batch before the clock starts: pools that make their threads on demand have them then.
template <class Pool, class Batch>
void run_batches(benchmark::State& state, Batch batch) {
  Countdown left;
  Pool pool(static_cast<int>(state.range(0)));
  const auto one_batch = [&] {
    left.reset(kBatch);
    batch(pool, left);
    left.wait();
  };
  one_batch();
  for (auto _ : state) one_batch();
  state.SetItemsProcessed(state.iterations() * kBatch);
}

template <class Pool>
void post_batch(Pool& pool, Countdown& left) {
  for (int i = 0; i < kBatch; ++i) pool.post([&left] { left.count_down(); });
}

template <class Pool>
void from_outside(benchmark::State& state) {
  run_batches<Pool>(state, post_batch<Pool>);
}

template <class Pool>
void from_inside(benchmark::State& state) {
  run_batches<Pool>(state, [](Pool& pool, Countdown& left) { pool.post([&pool, &left] { post_batch(pool, left); }); });
}

// drain() and wait() know when the tasks have run, so they need not count.
void preempt_from_inside(benchmark::State& state) {
  Executor executor({.processors = static_cast<int>(state.range(0))});
  const auto one_batch = [&executor] {
    executor.execute([&executor] {
      for (int i = 0; i < kBatch; ++i) executor.execute([] {});
    });
    executor.drain();
  };
  one_batch();
  for (auto _ : state) one_batch();
  state.SetItemsProcessed(state.iterations() * kBatch);
}

void task_group_from_inside(benchmark::State& state) {
  run_batches<TbbPool>(state, [](TbbPool& pool, Countdown& left) {
    left.reset(1);
    pool.post([&left] {
      oneapi::tbb::task_group group;
      for (int i = 0; i < kBatch; ++i) group.run([] {});
      group.wait();
      left.count_down();
    });
  });
}

void worker_counts(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("workers")->Arg(1)->Arg(2)->UseRealTime();
}

BENCHMARK(from_outside<PreemptPool>)->Name("outside/preempt")->Apply(worker_counts);
BENCHMARK(from_outside<TbbPool>)->Name("outside/tbb_enqueue")->Apply(worker_counts);
BENCHMARK(from_outside<MutexPool>)->Name("outside/mutex_pool")->Apply(worker_counts);
BENCHMARK(preempt_from_inside)->Name("inside/preempt")->Apply(worker_counts);
BENCHMARK(task_group_from_inside)->Name("inside/tbb_task_group")->Apply(worker_counts);
BENCHMARK(from_inside<TbbPool>)->Name("inside/tbb_enqueue")->Apply(worker_counts);
BENCHMARK(from_inside<MutexPool>)->Name("inside/mutex_pool")->Apply(worker_counts);
#if PREEMPT_BENCH_HAS_ASIO
BENCHMARK(from_outside<AsioPool>)->Name("outside/asio_post")->Apply(worker_counts);
BENCHMARK(from_inside<AsioPool>)->Name("inside/asio_post")->Apply(worker_counts);
#endif

}  // namespace
}  // namespace preempt::bench
