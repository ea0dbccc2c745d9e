#include "results.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <fstream>
#include <functional>
#include <ostream>
#include <system_error>

namespace http_service {
namespace {

constexpr double kNsPerUs = 1e3;

const char* to_string(Result result) {
  switch (result) {
    case Result::kAnswered:
      return "answered";
    case Result::kUnanswered:
      return "unanswered";
    case Result::kFailed:
      return "failed";
  }
  return "unknown";
}

// Calls `visit(arrival, outcome)` for each recorded arrival.
template <class Visit>
void for_each(const Run& run, Visit visit) {
  for (std::size_t i = 0; i < run.arrivals.size(); ++i) {
    if (run.recorded.contains(run.arrivals[i])) visit(run.arrivals[i], run.result.outcomes[i]);
  }
}

// The smallest value that at least `share` of all values do not exceed; 0 when there is none.
double percentile_us(const std::vector<std::int64_t>& sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1]) / kNsPerUs;
}

// Warm-up and what came after the recorded arrivals included.
std::ptrdiff_t count_answered(const LoadResult& result) {
  return std::count_if(result.outcomes.begin(), result.outcomes.end(),
                       [](const Outcome& outcome) { return outcome.result == Result::kAnswered; });
}

void write_kind(std::ostream& out, const Run& run, Kind kind) {
  PerKind<int> counts{};  // by result
  std::vector<std::int64_t> latencies;
  for_each(run, [&](const Arrival& arrival, const Outcome& outcome) {
    if (arrival.kind != kind) return;
    ++counts[static_cast<std::size_t>(outcome.result)];
    if (outcome.result != Result::kFailed) latencies.push_back(outcome.latency);
  });
  std::sort(latencies.begin(), latencies.end());
  const std::string name = to_string(kind);
  out << name << "_requests " << counts[0] + counts[1] + counts[2] << '\n';
  for (Result result : {Result::kAnswered, Result::kUnanswered, Result::kFailed}) {
    out << name << '_' << to_string(result) << ' ' << counts[static_cast<std::size_t>(result)] << '\n';
  }
  out << name << "_p50_us " << percentile_us(latencies, 0.5) << '\n'
      << name << "_p99_us " << percentile_us(latencies, 0.99) << '\n'
      << name << "_p999_us " << percentile_us(latencies, 0.999) << '\n'
      << name << "_max_us " << percentile_us(latencies, 1) << '\n'
      << name << "_body " << std::hash<std::string>()(run.result.bodies[index(kind)]) << '\n';
}

}  // namespace

void write_latencies(const std::string& prefix, const Run& run) {
  for (Kind kind : kKinds) {
    const std::string path = prefix + '.' + to_string(kind);
    std::ofstream file(path);
    file << "# planned_ns latency_ns result\n";
    for_each(run, [&](const Arrival& arrival, const Outcome& outcome) {
      if (arrival.kind != kind) return;
      file << arrival.planned << ' ' << outcome.latency << ' ' << to_string(outcome.result) << '\n';
    });
    file.close();
    if (!file) throw std::system_error(errno, std::generic_category(), "cannot write " + path);
  }
}

void write_summary(std::ostream& out, const Run& run) {
  out << std::fixed;
  out.precision(1);
  for (Kind kind : kKinds) write_kind(out, run, kind);
  std::vector<std::int64_t> lags;
  for_each(run, [&](const Arrival&, const Outcome& outcome) { lags.push_back(outcome.lag); });
  std::sort(lags.begin(), lags.end());
  // From the first recorded arrival to the last answer: what throughput is to be computed over.
  out << "span_us "
      << static_cast<double>(std::max<std::int64_t>(0, run.result.last_answer - run.recorded.begin)) / kNsPerUs << '\n'
      << "lag_p50_us " << percentile_us(lags, 0.5) << '\n'
      << "lag_p99_us " << percentile_us(lags, 0.99) << '\n'
      << "repeated " << run.result.repeated << '\n'
      << "answered_in_all " << count_answered(run.result) << '\n';
  for (const auto& [reason, count] : run.result.failures) out << "# " << count << " failed: " << reason << '\n';
}

}  // namespace http_service
