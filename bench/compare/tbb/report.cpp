#include "report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "support/markdown.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

constexpr double kMsPerSecond = 1e3;

// None when the program failed.
std::vector<double> milliseconds(const Samples& samples, const std::string& name) {
  const auto found = samples.find(name);
  if (found == samples.end()) return {};
  std::vector<double> result = found->second;
  for (double& value : result) value *= kMsPerSecond;
  return result;
}

std::string spread(const std::vector<double>& values) {
  if (values.empty()) return "failed";
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  return number(*least) + " .. " + number(*most);
}

std::string times(double ratio) { return number(ratio) + "x"; }

double geometric_mean(const std::vector<double>& ratios) {
  double sum = 0;
  for (const double ratio : ratios) sum += std::log(ratio);
  return ratios.empty() ? std::numeric_limits<double>::quiet_NaN() : std::exp(sum / static_cast<double>(ratios.size()));
}

struct Worst {
  double ratio = 0;
  std::string what = "none";
};

}  // namespace

void print_times(const std::vector<Workload>& workloads, const Samples& onetbb, const Samples& ours) {
  MarkdownTable table({"workload", "oneTBB ms", "preempt ms", "ratio", "oneTBB min .. max", "preempt min .. max"});
  std::vector<double> ratios;
  Worst worst;
  for (const Workload& workload : workloads) {
    const std::vector<double> theirs = milliseconds(onetbb, workload.name), mine = milliseconds(ours, workload.name);
    const double ratio = median(mine) / median(theirs);
    table.add(
        {workload.what, number(median(theirs)), number(median(mine)), times(ratio), spread(theirs), spread(mine)});
    if (std::isnan(ratio)) continue;
    ratios.push_back(ratio);
    if (ratio > worst.ratio) worst = {ratio, workload.what};
  }
  table.print(stdout);
  std::printf("\n- geometric mean of the ratios: %s\n- worst: %s, %s\n", times(geometric_mean(ratios)).c_str(),
              times(worst.ratio).c_str(), worst.what.c_str());
}

void print_tail(const Samples& onetbb, const Samples& ours) {
  MarkdownTable table(
      {"100 us bodies behind 20 ms ones, 2 slots", "p50 ms", "p99 ms", "p99 min .. max", "p99.9 ms", "max ms"});
  const auto add = [&table](const char* name, const Samples& samples) {
    const auto middle = [&samples](const char* figure) { return number(median(milliseconds(samples, figure))); };
    table.add({name, middle("tail_p50"), middle("tail_p99"), spread(milliseconds(samples, "tail_p99")),
               middle("tail_p999"), middle("tail_max")});
  };
  add("oneTBB", onetbb);
  add("preempt", ours);
  table.print(stdout);
  const double ratio = median(milliseconds(onetbb, "tail_p99")) / median(milliseconds(ours, "tail_p99"));
  std::printf("\n- p99, oneTBB / preempt: %s\n", number(ratio).c_str());
}

}  // namespace preempt::bench
