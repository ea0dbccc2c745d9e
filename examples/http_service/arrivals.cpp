#include "arrivals.h"

#include <cmath>
#include <random>

namespace http_service {
namespace {

// In [0, 1), from the upper 53 bits.
double draw(std::mt19937_64& bits) { return static_cast<double>(bits() >> 11) * 0x1p-53; }

Kind choose(double number, const Mixture& mixture) {
  if (number < mixture.slow_share) return Kind::kSlow;
  if (number < mixture.slow_share + mixture.report_share) return Kind::kReport;
  return Kind::kFast;
}

}  // namespace

const char* to_string(Kind kind) {
  switch (kind) {
    case Kind::kFast:
      return "fast";
    case Kind::kSlow:
      return "slow";
    case Kind::kReport:
      return "report";
  }
  return "unknown";
}

std::vector<Arrival> plan_arrivals(std::uint64_t seed, double rate, double seconds, const Mixture& mixture) {
  std::mt19937_64 bits(seed);
  std::vector<Arrival> arrivals;
  arrivals.reserve(static_cast<std::size_t>(rate * seconds * 1.1));
  for (double at = 0;;) {
    at -= std::log1p(-draw(bits)) / rate;
    if (at >= seconds) return arrivals;
    arrivals.push_back({static_cast<std::int64_t>(at * 1e9), choose(draw(bits), mixture)});
  }
}

}  // namespace http_service
