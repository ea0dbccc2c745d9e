// When which request is due: the plan that every server gets alike.
#ifndef PREEMPT_EXAMPLES_HTTP_SERVICE_ARRIVALS_H_
#define PREEMPT_EXAMPLES_HTTP_SERVICE_ARRIVALS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace http_service {

enum class Kind : std::uint8_t { kFast, kSlow, kReport };
inline constexpr std::array<Kind, 3> kKinds = {Kind::kFast, Kind::kSlow, Kind::kReport};

// Also the end of the names of the result files.
const char* to_string(Kind kind);

// One element for each kind; index by `index(kind)`.
template <class T>
using PerKind = std::array<T, kKinds.size()>;
constexpr std::size_t index(Kind kind) { return static_cast<std::size_t>(kind); }

struct Arrival {
  std::int64_t planned;  // nanoseconds since the start of the run
  Kind kind;
};

// From `begin` until before `end`, in nanoseconds since the start of the run.
struct Window {
  std::int64_t begin;
  std::int64_t end;
  bool contains(const Arrival& arrival) const { return arrival.planned >= begin && arrival.planned < end; }
};

struct Mixture {
  double slow_share = 0;    // of all requests, 0 .. 1
  double report_share = 0;  // likewise; the rest is fast
};

// A Poisson process of `rate` requests a second over `seconds`. The same arguments give the same plan, whatever the
// compiler: nothing here depends on the distributions of the standard library.
std::vector<Arrival> plan_arrivals(std::uint64_t seed, double rate, double seconds, const Mixture& mixture);

}  // namespace http_service

#endif  // PREEMPT_EXAMPLES_HTTP_SERVICE_ARRIVALS_H_
