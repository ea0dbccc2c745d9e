// When which body is due: the plan that both programs get alike.
#ifndef PREEMPT_EXAMPLES_TBB_MIXED_PLAN_H_
#define PREEMPT_EXAMPLES_TBB_MIXED_PLAN_H_

#include <chrono>
#include <cstdint>
#include <vector>

namespace tbb_mixed {

inline constexpr int kArenas = 2;

enum class Kind : std::uint8_t { kShort, kLong };

struct Arrival {
  std::chrono::nanoseconds planned;  // since the start of the run
  int arena;                         // 0 .. kArenas - 1
  Kind kind;
};

struct Load {
  double seconds = 0;
  double short_rate = 0;  // bodies a second, in each arena
  double long_rate = 0;   // likewise
  std::uint64_t seed = 1;
};

// An open loop: a Poisson process that does not care how the arenas are doing. The same load gives the same plan,
// whatever the compiler: nothing here depends on the distributions of the standard library.
std::vector<Arrival> plan_arrivals(const Load& load);

}  // namespace tbb_mixed

#endif  // PREEMPT_EXAMPLES_TBB_MIXED_PLAN_H_
