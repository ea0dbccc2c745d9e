#include "plan.h"

#include <cmath>
#include <random>

namespace tbb_mixed {
namespace {

// In [0, 1), from the upper 53 bits.
double draw(std::mt19937_64& bits) { return static_cast<double>(bits() >> 11) * 0x1p-53; }

}  // namespace

std::vector<Arrival> plan_arrivals(const Load& load) {
  const double rate = kArenas * (load.short_rate + load.long_rate);
  const double long_share = load.long_rate / (load.short_rate + load.long_rate);
  std::mt19937_64 bits(load.seed);
  std::vector<Arrival> plan;
  for (double at = 0;;) {
    at -= std::log1p(-draw(bits)) / rate;
    if (at >= load.seconds) return plan;
    const int arena = static_cast<int>(kArenas * draw(bits));
    const Kind kind = draw(bits) < long_share ? Kind::kLong : Kind::kShort;
    plan.push_back({std::chrono::nanoseconds(static_cast<std::int64_t>(at * 1e9)), arena, kind});
  }
}

}  // namespace tbb_mixed
