// Loops with next to nothing in each iteration.
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <vector>

#include "workloads.h"

namespace preempt::bench {
namespace {

constexpr std::size_t kIterations = 10'000'000;
constexpr std::size_t kOuter = 1'000;
constexpr std::size_t kInner = kIterations / kOuter;

std::uint32_t value_at(std::size_t i) { return static_cast<std::uint32_t>(i) * 3 + 1; }

// All pages are there before the loop begins.
std::vector<std::uint32_t> values() { return std::vector<std::uint32_t>(kIterations); }

bool is_right(const std::vector<std::uint32_t>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] != value_at(i)) return false;
  }
  return true;
}

}  // namespace

double measure_for(const Flags&) {
  auto result = values();
  const double seconds = seconds_of(
      [&] { oneapi::tbb::parallel_for(std::size_t{0}, kIterations, [&](std::size_t i) { result[i] = value_at(i); }); });
  require(is_right(result), "parallel_for");
  return seconds;
}

double measure_nested_for(const Flags&) {
  auto result = values();
  const double seconds = seconds_of([&] {
    oneapi::tbb::parallel_for(std::size_t{0}, kOuter, [&](std::size_t outer) {
      const std::size_t first = outer * kInner;
      oneapi::tbb::parallel_for(first, first + kInner, [&](std::size_t i) { result[i] = value_at(i); });
    });
  });
  require(is_right(result), "nested parallel_for");
  return seconds;
}

double measure_reduce(const Flags&) {
  using Range = oneapi::tbb::blocked_range<std::size_t>;
  // Whole numbers, whose sum is exact in any order.
  std::vector<double> terms(kIterations);
  for (std::size_t i = 0; i < terms.size(); ++i) terms[i] = static_cast<double>(i % 1000);
  double sum = 0;
  const double seconds = seconds_of([&] {
    const auto add = [&](const Range& range, double start) {
      for (std::size_t i = range.begin(); i != range.end(); ++i) start += terms[i];
      return start;
    };
    sum = oneapi::tbb::parallel_reduce(Range(0, terms.size()), 0.0, add, std::plus<>());
  });
  require(sum == std::accumulate(terms.begin(), terms.end(), 0.0), "parallel_reduce");
  return seconds;
}

}  // namespace preempt::bench
