// What is compared with what, and what is asked of it.
#ifndef PREEMPT_BENCH_MICRO_COMPARISON_H_
#define PREEMPT_BENCH_MICRO_COMPARISON_H_

#include <string>
#include <vector>

namespace preempt::bench {

// One figure of one benchmark: a counter in nanoseconds, or the time for an item when `counter` is empty.
struct Measure {
  std::string benchmark;
  std::string counter = {};
};

// Something to stand beside ours: a sum of measures and of a constant.
struct Peer {
  std::string name;
  std::vector<Measure> sum = {};
  double constant_ns = 0;
};

enum class GoalKind {
  kNone,
  kRatioAtMost,      // ours / best peer
  kDifferenceBelow,  // ours - best peer, nanoseconds
};

struct Goal {
  GoalKind kind = GoalKind::kNone;
  double limit = 0;
};

struct Comparison {
  std::string what;
  Measure ours;
  std::vector<Peer> peers;  // the fastest counts
  Goal goal = {};
};

// In the order of the table.
std::vector<Comparison> comparisons();

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_MICRO_COMPARISON_H_
