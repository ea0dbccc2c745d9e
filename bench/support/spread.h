// How far the samples of one figure lie apart.
#ifndef PREEMPT_BENCH_SUPPORT_SPREAD_H_
#define PREEMPT_BENCH_SUPPORT_SPREAD_H_

#include <string>
#include <vector>

#include "support/markdown.h"
#include "support/statistics.h"

namespace preempt::bench {

// "231 .. 250": the middle half of the samples lies between, which one outlier does not widen. Nothing of one sample.
inline std::string quartiles_text(const std::vector<double>& samples) {
  if (samples.size() < 2) return "";
  return number(quantile(samples, 0.25)) + " .. " + number(quantile(samples, 0.75));
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_SPREAD_H_
