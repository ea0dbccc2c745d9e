#include "report.h"

#include <algorithm>
#include <cmath>

#include "support/markdown.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

constexpr std::size_t kMedian = 0, kP99 = 1;

constexpr double kTimesUnderPeer = 30;  // short tasks' p99
constexpr double kTimesOfSlice = 2;     // short tasks' p99, of (ideal + one slice)
constexpr double kTimesOfIdeal = 1.6;   // long tasks' median

bool print_goal(std::FILE* out, const std::string& what, double value, const char* relation, double limit, bool met) {
  std::fprintf(out, "- %s: %s (goal: %s %s): %s\n", what.c_str(), number(value).c_str(), relation,
               number(limit).c_str(), met ? "pass" : "FAIL");
  return met;
}

}  // namespace

void Report::add(const std::string& scheduler, const Plan& plan, const std::vector<Nanoseconds>& completions,
                 double cpu_per_work) {
  const auto [found, is_new] = rows_.try_emplace(scheduler);
  Row& row = found->second;
  if (is_new) {
    order_.push_back(scheduler);
    row.classes.resize(mixture_.size());
  }
  row.cpu_per_work.push_back(cpu_per_work);
  std::vector<std::vector<double>> latencies(mixture_.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto request_class = static_cast<std::size_t>(plan[i].request_class);
    latencies[request_class].push_back(static_cast<double>(completions[i] - plan[i].arrival) * 1e-6);
  }
  for (std::size_t i = 0; i < latencies.size(); ++i) {
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) {
      row.classes[i].quantiles[q].push_back(quantile(latencies[i], kQuantiles[q]));
    }
  }
}

double Report::latency(const std::string& scheduler, std::size_t request_class, std::size_t quantile) const {
  return median(rows_.at(scheduler).classes[request_class].quantiles[quantile]);
}

std::size_t Report::shortest_class() const {
  const auto by_service = [](const RequestClass& a, const RequestClass& b) { return a.service < b.service; };
  return static_cast<std::size_t>(std::min_element(mixture_.begin(), mixture_.end(), by_service) - mixture_.begin());
}

std::size_t Report::longest_class() const {
  const auto by_service = [](const RequestClass& a, const RequestClass& b) { return a.service < b.service; };
  return static_cast<std::size_t>(std::max_element(mixture_.begin(), mixture_.end(), by_service) - mixture_.begin());
}

std::vector<std::string> Report::table_row(const std::string& scheduler, const std::string& ideal) const {
  std::vector<std::string> cells = {scheduler};
  for (std::size_t i = 0; i < mixture_.size(); ++i) {
    for (std::size_t q = 0; q < kQuantiles.size(); ++q) cells.push_back(number(latency(scheduler, i, q)));
  }
  const std::size_t shortest = shortest_class(), longest = longest_class();
  cells.push_back(number(latency(scheduler, shortest, kP99) / latency(ideal, shortest, kP99)) + "x");
  cells.push_back(number(latency(scheduler, longest, kMedian) / latency(ideal, longest, kMedian)) + "x");
  cells.push_back(number(median(rows_.at(scheduler).cpu_per_work)));
  return cells;
}

void Report::print_table(std::FILE* out, const std::string& ideal) const {
  std::vector<std::string> header = {"latency in ms"};
  for (const RequestClass& each : mixture_) {
    for (const double q : kQuantiles) {
      char text[64];
      std::snprintf(text, sizeof text, "%s p%g", each.name.c_str(), 100 * q);
      header.push_back(text);
    }
  }
  header.push_back(mixture_[shortest_class()].name + " p99 / ideal");
  header.push_back(mixture_[longest_class()].name + " p50 / ideal");
  header.push_back("cpu / work");
  MarkdownTable table(std::move(header));
  for (const std::string& scheduler : order_) table.add(table_row(scheduler, ideal));
  table.print(out);
}

bool Report::print_goals(std::FILE* out, const std::string& ours, std::chrono::nanoseconds time_slice,
                         const std::string& peer, const std::string& ideal) const {
  const std::size_t shortest = shortest_class(), longest = longest_class();
  const double p99 = latency(ours, shortest, kP99);
  const double under_peer = latency(peer, shortest, kP99) / p99;
  const double slice_ms = std::chrono::duration<double, std::milli>(time_slice).count();
  const double of_slice = p99 / (latency(ideal, shortest, kP99) + slice_ms);
  const double of_ideal = latency(ours, longest, kMedian) / latency(ideal, longest, kMedian);
  const std::string short_p99 = mixture_[shortest].name + " p99";
  bool all = print_goal(out, short_p99 + ", " + peer + " / " + ours, under_peer, ">=", kTimesUnderPeer,
                        under_peer >= kTimesUnderPeer);
  all &= print_goal(out, short_p99 + ", " + ours + " / (ideal + one slice)", of_slice, "<", kTimesOfSlice,
                    of_slice < kTimesOfSlice);
  all &= print_goal(out, mixture_[longest].name + " p50, " + ours + " / ideal", of_ideal, "<", kTimesOfIdeal,
                    of_ideal < kTimesOfIdeal);
  return all;
}

}  // namespace preempt::bench
