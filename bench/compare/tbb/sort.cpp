#include <oneapi/tbb/parallel_sort.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <vector>

#include "workloads.h"

namespace preempt::bench {

double measure_sort(const Flags&) {
  constexpr std::size_t kNumbers = 2'000'000;
  std::mt19937 random(1);
  std::vector<int> numbers(kNumbers);
  for (int& number : numbers) number = static_cast<int>(random());
  std::vector<int> expected = numbers;
  const double seconds = seconds_of([&] { oneapi::tbb::parallel_sort(numbers); });
  std::sort(expected.begin(), expected.end());
  require(numbers == expected, "parallel_sort");
  return seconds;
}

}  // namespace preempt::bench
