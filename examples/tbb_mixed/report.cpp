#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>

namespace tbb_mixed {
namespace {

constexpr int kBothArenas = -1;

using Milliseconds = std::chrono::duration<double, std::milli>;
using Seconds = std::chrono::duration<double>;

// Bodies of one kind.
struct Bodies {
  std::vector<double> sorted_ms;         // latencies
  std::chrono::nanoseconds last_end{0};  // since the start of the run

  // The smallest latency that at least `share` of all do not exceed; 0 when there is none.
  double percentile(double share) const {
    if (sorted_ms.empty()) return 0;
    const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted_ms.size())));
    return sorted_ms[std::max<std::size_t>(rank, 1) - 1];
  }

  double per_second() const {
    return sorted_ms.empty() ? 0 : static_cast<double>(sorted_ms.size()) / Seconds(last_end).count();
  }
};

Bodies select(const Result& result, int arena, Kind kind) {
  Bodies bodies;
  for (std::size_t i = 0; i < result.plan.size(); ++i) {
    const Arrival& arrival = result.plan[i];
    if (arrival.kind != kind || (arena != kBothArenas && arrival.arena != arena)) continue;
    bodies.sorted_ms.push_back(Milliseconds(result.latencies[i]).count());
    bodies.last_end = std::max(bodies.last_end, arrival.planned + result.latencies[i]);
  }
  std::sort(bodies.sorted_ms.begin(), bodies.sorted_ms.end());
  return bodies;
}

void print_row(std::FILE* out, const std::string& name, const Result& result, int arena) {
  const Bodies brief = select(result, arena, Kind::kShort);
  const Bodies lengthy = select(result, arena, Kind::kLong);
  std::fprintf(out, "| %-6s | %8zu | %8.2f | %8.2f | %8.2f | %8.2f | %8zu | %8.1f | %9.1f |\n", name.c_str(),
               brief.sorted_ms.size(), brief.percentile(0.5), brief.percentile(0.99), brief.percentile(0.999),
               brief.percentile(1), lengthy.sorted_ms.size(), lengthy.per_second(), lengthy.percentile(0.5));
}

}  // namespace

void print_table(std::FILE* out, const Result& result) {
  std::fputs(
      "| arena  | short    | p50 ms   | p99 ms   | p99.9 ms | max ms   | long     | long/s   | long, p50 |\n"
      "|--------|---------:|---------:|---------:|---------:|---------:|---------:|---------:|----------:|\n",
      out);
  for (int arena = 0; arena < kArenas; ++arena) print_row(out, std::to_string(arena + 1), result, arena);
  print_row(out, "both", result, kBothArenas);
}

double short_p99_ms(const Result& result) { return select(result, kBothArenas, Kind::kShort).percentile(0.99); }

}  // namespace tbb_mixed
