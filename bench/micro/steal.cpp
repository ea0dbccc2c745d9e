// Tasks of a worker that goes on computing: the other worker has to take each of them.
#include <benchmark/benchmark.h>
#include <oneapi/tbb/task_group.h>

#include <chrono>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

constexpr int kBatch = 1'000;

// With slices so long that the submitter is not preempted, whose processor would run the tasks then.
class PatientPool : public PreemptPool {
 public:
  explicit PatientPool(int processors)
      : PreemptPool(Options{.processors = processors, .time_slice = std::chrono::seconds(10)}) {}
};

// `submit_all(pool, left)` runs in a task, and returns what is to be destroyed after the last one has run.
template <class Pool, class SubmitAll>
void steal(benchmark::State& state, SubmitAll submit_all) {
  Countdown left, ended;
  Pool pool(2);
  const auto one_batch = [&] {
    left.reset(kBatch);
    ended.reset(1);
    pool.post([&] {
      [[maybe_unused]] const auto submitted = submit_all(pool, left);
      while (!left.is_zero()) benchmark::DoNotOptimize(left);
      ended.count_down();
    });
    ended.wait();
  };
  one_batch();
  for (auto _ : state) one_batch();
  state.SetItemsProcessed(state.iterations() * kBatch);
}

template <class Pool>
void from_pool(benchmark::State& state) {
  steal<Pool>(state, [](Pool& pool, Countdown& left) {
    for (int i = 0; i < kBatch; ++i) pool.post([&left] { left.count_down(); });
    return 0;
  });
}

// A group is to be waited for before its end, which finds nothing left to run.
class Group {
 public:
  explicit Group(Countdown& left) {
    for (int i = 0; i < kBatch; ++i) group_.run([&left] { left.count_down(); });
  }
  ~Group() { group_.wait(); }
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

 private:
  oneapi::tbb::task_group group_;
};

void from_task_group(benchmark::State& state) {
  steal<TbbPool>(state, [](TbbPool&, Countdown& left) { return Group(left); });
}

BENCHMARK(from_pool<PatientPool>)->Name("steal/preempt")->UseRealTime();
BENCHMARK(from_task_group)->Name("steal/tbb_task_group")->UseRealTime();
BENCHMARK(from_pool<TbbPool>)->Name("steal/tbb_enqueue")->UseRealTime();
BENCHMARK(from_pool<MutexPool>)->Name("steal/mutex_pool")->UseRealTime();
#if PREEMPT_BENCH_HAS_ASIO
BENCHMARK(from_pool<AsioPool>)->Name("steal/asio_post")->UseRealTime();
#endif

}  // namespace
}  // namespace preempt::bench
