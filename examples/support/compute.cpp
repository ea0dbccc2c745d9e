#include "support/compute.h"

#include <time.h>

#include <algorithm>

namespace examples {
namespace {

double thread_cpu_us() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

}  // namespace

std::uint64_t compute(std::uint64_t rounds) {
  std::uint64_t state = 0x9e3779b97f4a7c15;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
  }
  return state;
}

double measure_rounds_per_us() {
  constexpr std::uint64_t kRounds = 2'000'000;
  volatile std::uint64_t sink = 0;
  double best = 0;
  for (int attempt = 0; attempt < 20; ++attempt) {
    const double start = thread_cpu_us();
    sink = compute(kRounds);
    best = std::max(best, kRounds / (thread_cpu_us() - start));
  }
  static_cast<void>(sink);
  return best;
}

}  // namespace examples
