#include "pools.h"

#include <cstdio>
#include <utility>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/task_threads.h"
#include "peers/tbb_pool.h"
#include "peers/thread_pool.h"

namespace preempt::bench {
namespace {

constexpr int kManyThreads = 64;

// Peers take the number of their threads, ours takes options.
template <class Pool, class... Arguments>
PoolUnderTest pool_of(std::string name, PoolKind kind, Arguments... arguments) {
  return {std::move(name), kind, [arguments...](const Plan& plan, const Site& site, const Work& work) {
            return run_plan(plan, site, work, [&] { return Pool(arguments...); });
          }};
}

}  // namespace

std::string slice_text(std::chrono::nanoseconds time_slice) {
  const double microseconds = std::chrono::duration<double, std::micro>(time_slice).count();
  char text[64];
  std::snprintf(text, sizeof text, "slice %g %s", microseconds < 1000 ? microseconds : microseconds / 1000,
                microseconds < 1000 ? "us" : "ms");
  return text;
}

std::vector<PoolUnderTest> peer_pools(int processors) {
  std::vector<PoolUnderTest> pools;
  pools.push_back(pool_of<TbbPool>(kTbbName, PoolKind::kPeer, processors));
#if PREEMPT_BENCH_HAS_ASIO
  pools.push_back(pool_of<AsioPool>(kAsioName, PoolKind::kPeer, processors));
#endif
  pools.push_back(pool_of<MutexPool>("mutex pool", PoolKind::kPeer, processors));
#if PREEMPT_BENCH_HAS_THREAD_POOL
  pools.push_back(pool_of<ThreadPool>("thread_pool::ThreadPool", PoolKind::kPeer, processors));
#endif
  pools.push_back(pool_of<MutexPool>(kManyThreadsName, PoolKind::kMoreThreads, kManyThreads));
  return pools;
}

PoolUnderTest thread_for_each_task() { return pool_of<TaskThreads>("a thread for each task", PoolKind::kMoreThreads); }

std::vector<PoolUnderTest> our_pools(int processors, const std::vector<std::chrono::nanoseconds>& slices) {
  std::vector<PoolUnderTest> pools;
  pools.push_back(pool_of<PreemptPool>(std::string(kOursName) + "no preemption", PoolKind::kOurs,
                                       Options{.processors = processors, .preemption = Preemption::kNone}));
  for (const std::chrono::nanoseconds slice : slices) {
    pools.push_back(pool_of<PreemptPool>(kOursName + slice_text(slice), PoolKind::kOurs,
                                         Options{.processors = processors, .time_slice = slice}));
  }
  return pools;
}

}  // namespace preempt::bench
