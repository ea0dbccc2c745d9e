#include "pools.h"

#include <cstdio>
#include <utility>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"

namespace preempt::bench {
namespace {

constexpr int kManyThreads = 64;

// Peers take the number of their threads, ours takes options.
template <class Pool, class Argument>
PoolUnderTest pool_of(std::string name, Argument argument) {
  return {std::move(name), [argument](const Plan& plan, const Site& site) {
            return run_plan(plan, site, [&argument] { return Pool(argument); });
          }};
}

std::string threads_text(int threads) { return std::to_string(threads) + (threads == 1 ? " thread" : " threads"); }

}  // namespace

std::string slice_text(std::chrono::nanoseconds time_slice) {
  const double microseconds = std::chrono::duration<double, std::micro>(time_slice).count();
  char text[64];
  std::snprintf(text, sizeof text, "slice %g %s", microseconds < 1000 ? microseconds : microseconds / 1000,
                microseconds < 1000 ? "us" : "ms");
  return text;
}

std::vector<PoolUnderTest> pools_without_preemption(int processors) {
  const std::string threads = threads_text(processors);
  std::vector<PoolUnderTest> pools;
  pools.push_back(pool_of<TbbPool>(kTbbName, processors));
  pools.push_back(pool_of<MutexPool>("mutex pool, " + threads, processors));
  pools.push_back(pool_of<MutexPool>("mutex pool, " + threads_text(kManyThreads), kManyThreads));
#if PREEMPT_BENCH_HAS_ASIO
  pools.push_back(pool_of<AsioPool>("asio::thread_pool, " + threads, processors));
#endif
  pools.push_back(pool_of<PreemptPool>(std::string(kOursName) + "no preemption",
                                       Options{.processors = processors, .preemption = Preemption::kNone}));
  return pools;
}

PoolUnderTest preempting_pool(int processors, std::chrono::nanoseconds time_slice) {
  return pool_of<PreemptPool>(kOursName + slice_text(time_slice),
                              Options{.processors = processors, .time_slice = time_slice});
}

}  // namespace preempt::bench
