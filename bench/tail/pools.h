// The pools that can be measured, by name.
#ifndef PREEMPT_BENCH_TAIL_POOLS_H_
#define PREEMPT_BENCH_TAIL_POOLS_H_

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "run.h"

namespace preempt::bench {

enum class PoolKind {
  kOurs,
  kPeer,         // with as many threads as processors
  kMoreThreads,  // which the kernel preempts
};

struct PoolUnderTest {
  std::string name;
  PoolKind kind;
  std::function<Outcome(const Plan&, const Site&, const Work&)> run;
};

// All peers that are installed.
std::vector<PoolUnderTest> peer_pools(int processors);

// The kernel makes and ends a thread in 20 us: only for tasks that are longer.
PoolUnderTest thread_for_each_task();

// Ours, without preemption and with slices of these lengths.
std::vector<PoolUnderTest> our_pools(int processors, const std::vector<std::chrono::nanoseconds>& slices);

// "slice 1 ms"
std::string slice_text(std::chrono::nanoseconds time_slice);

inline constexpr const char* kOursName = "preempt, ";  // and the slice
inline constexpr const char* kTbbName = "oneTBB arena";
inline constexpr const char* kAsioName = "asio::thread_pool";
inline constexpr const char* kManyThreadsName = "mutex pool, 64 threads";

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_POOLS_H_
