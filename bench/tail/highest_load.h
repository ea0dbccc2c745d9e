// How far a pool can be loaded before a limit is exceeded.
#ifndef PREEMPT_BENCH_TAIL_HIGHEST_LOAD_H_
#define PREEMPT_BENCH_TAIL_HIGHEST_LOAD_H_

#include <map>

namespace preempt::bench {

// The highest of the loads at which, and at all lower ones, the value is not above `limit`; 0 when there is none. NaN
// is above every limit.
inline double highest_load(const std::map<double, double>& value_by_load, double limit) {
  double highest = 0;
  for (const auto& [load, value] : value_by_load) {
    if (!(value <= limit)) break;
    highest = load;
  }
  return highest;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_HIGHEST_LOAD_H_
