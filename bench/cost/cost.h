// What preempt takes for itself: cpu time, instructions, memory, time to start. One table for each kind of cost.
#ifndef PREEMPT_BENCH_COST_COST_H_
#define PREEMPT_BENCH_COST_COST_H_

#include <cstdio>
#include <string>

#include "support/markdown.h"
#include "support/samples.h"

namespace preempt::bench {

enum class Size { kQuick, kFull };

// What a part is given, and where its samples go.
struct Measurement {
  Size size = Size::kFull;
  int repetitions = 5;
  double instructions_limit = 0;  // times the mutex pool's; 0: none
  SamplesFile& samples;
  bool exceeded = false;  // the limit

  bool quick() const { return size == Size::kQuick; }
};

// Each prints its table and goals.
void measure_watchdog(Measurement& measurement);
void measure_overhead(Measurement& measurement);
void measure_instructions(Measurement& measurement);
void measure_memory(Measurement& measurement);
void measure_starting(Measurement& measurement);

inline void print_goal(const std::string& what, double value, const std::string& unit, double limit) {
  std::printf("- %s: %s%s (goal: <= %s%s): %s\n", what.c_str(), number(value).c_str(), unit.c_str(),
              number(limit).c_str(), unit.c_str(), value <= limit ? "pass" : "FAIL");
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COST_COST_H_
