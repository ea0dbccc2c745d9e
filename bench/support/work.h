// Computing of a known length. It is counted in loop rounds, not in time: a task that was preempted in the middle has
// all of its remaining work still to do.
#ifndef PREEMPT_BENCH_SUPPORT_WORK_H_
#define PREEMPT_BENCH_SUPPORT_WORK_H_

#include <chrono>
#include <cstdint>

namespace preempt::bench {

// A chain of multiplications: needs registers only and no memory, so it takes as long on every thread of a cpu.
[[gnu::always_inline]] inline void work_rounds(std::uint64_t rounds) {
  std::uint64_t value = rounds;
  for (std::uint64_t i = 0; i < rounds; ++i) {
    value = value * 6364136223846793005u + 1442695040888963407u;
    asm volatile("" : "+r"(value));
  }
}

// Rounds of work_rounds() in a second of an undisturbed cpu: the best of `trials` short measurements on this thread.
inline double measure_rounds_per_second(int trials = 50) {
  constexpr std::uint64_t kRounds = 1'000'000;
  double best = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const auto start = std::chrono::steady_clock::now();
    work_rounds(kRounds);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const double rate = static_cast<double>(kRounds) / elapsed.count();
    if (rate > best) best = rate;
  }
  return best;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_WORK_H_
