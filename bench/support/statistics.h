// Order statistics of samples.
#ifndef PREEMPT_BENCH_SUPPORT_STATISTICS_H_
#define PREEMPT_BENCH_SUPPORT_STATISTICS_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

namespace preempt::bench {

// The smallest sample that at least the share `q` (0 .. 1) of the samples does not exceed; NaN of none.
inline double quantile(std::vector<double> samples, double q) {
  if (samples.empty()) return std::numeric_limits<double>::quiet_NaN();
  const double rank = std::ceil(q * static_cast<double>(samples.size()));
  const std::size_t index = std::clamp<std::size_t>(static_cast<std::size_t>(rank), 1, samples.size()) - 1;
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(index), samples.end());
  return samples[index];
}

inline double median(std::vector<double> samples) { return quantile(std::move(samples), 0.5); }

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_STATISTICS_H_
