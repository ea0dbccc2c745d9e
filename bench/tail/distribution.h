// Continuous distributions of service times, each as its quantile function: what a share `u` (0 .. 1) of the requests
// does not exceed.
#ifndef PREEMPT_BENCH_TAIL_DISTRIBUTION_H_
#define PREEMPT_BENCH_TAIL_DISTRIBUTION_H_

#include <cmath>

namespace preempt::bench {

inline double exponential_quantile(double u, double mean) { return -mean * std::log1p(-u); }

// Of the standard normal distribution, by bisection of its distribution function: slow, and exact to the last bits
// without tables of coefficients. Ten sigma are further out than any plan gets.
inline double normal_quantile(double u) {
  double low = -10, high = 10;
  for (int i = 0; i < 60; ++i) {
    const double middle = (low + high) / 2;
    (0.5 * std::erfc(-middle * std::sqrt(0.5)) < u ? low : high) = middle;
  }
  return low;
}

// `sigma` is that of the logarithm. Its median is mean * exp(-sigma * sigma / 2).
inline double lognormal_quantile(double u, double mean, double sigma) {
  return mean * std::exp(sigma * (normal_quantile(u) - sigma / 2));
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_DISTRIBUTION_H_
