// What a PREEMPT_CHECKPOINT() costs a loop when nobody asks for a preemption.
#include "preempt/checkpoint.h"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace preempt::bench {
namespace {

constexpr int kRounds = 1'000;

enum class Checkpoints { kNone, kEachRound };

// Aligned, so that the two instances differ by the checkpoint and not by how they lie in the instruction cache.
template <Checkpoints kCheckpoints>
[[gnu::noinline, gnu::aligned(64)]] std::uint64_t loop(std::uint64_t sum) {
  for (int round = 0; round < kRounds; ++round) {
    asm volatile("" : "+r"(sum));
    sum += static_cast<std::uint64_t>(round);
    if constexpr (kCheckpoints == Checkpoints::kEachRound) PREEMPT_CHECKPOINT();
  }
  return sum;
}

template <Checkpoints kCheckpoints>
void rounds(benchmark::State& state) {
  std::uint64_t sum = 0;
  for (auto _ : state) sum = loop<kCheckpoints>(sum);
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * kRounds);
}

BENCHMARK(rounds<Checkpoints::kNone>)->Name("loop/plain");
BENCHMARK(rounds<Checkpoints::kEachRound>)->Name("loop/checkpoint");

}  // namespace
}  // namespace preempt::bench
