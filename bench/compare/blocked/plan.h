// What every program of this comparison does: many tasks, submitted at once, each of which computes, sleeps and
// computes.
#ifndef PREEMPT_BENCH_COMPARE_BLOCKED_PLAN_H_
#define PREEMPT_BENCH_COMPARE_BLOCKED_PLAN_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "support/countdown.h"
#include "support/disturbance.h"
#include "support/work.h"

namespace preempt::bench {

struct Plan {
  int tasks = 0;
  std::uint64_t rounds = 0;  // of work_rounds(), half of them before the sleep
  std::chrono::microseconds sleep{};
  int threads = 0;
  std::string variant = {};
};

// PROGRAM tasks rounds sleep_us threads [variant]. Ends the program when they are missing.
inline Plan read_plan(int argc, char** argv) {
  if (argc < 5) {
    std::fprintf(stderr, "usage: %s tasks rounds sleep_us threads [variant]\n", argv[0]);
    std::exit(2);
  }
  return {.tasks = std::atoi(argv[1]),
          .rounds = std::strtoull(argv[2], nullptr, 10),
          .sleep = std::chrono::microseconds(std::atoi(argv[3])),
          .threads = std::atoi(argv[4]),
          .variant = argc > 5 ? argv[5] : ""};
}

template <class Pool, class Sleep>
void run_tasks(const Plan& plan, int count, Pool& pool, Countdown& left, const Sleep& sleep) {
  left.reset(count);
  for (int i = 0; i < count; ++i) {
    pool.post([&plan, &left, &sleep] {
      work_rounds(plan.rounds / 2);
      sleep(plan.sleep);
      work_rounds(plan.rounds - plan.rounds / 2);
      left.count_down();
    });
  }
  left.wait();
}

// Runs the plan on `make_pool()` and prints the seconds that it took, then those of cpu time.
template <class MakePool, class Sleep>
void run_plan(const Plan& plan, MakePool make_pool, Sleep sleep) {
  using Clock = std::chrono::steady_clock;
  Countdown left;  // outlives the pool: the last task touches it after wait()
  auto pool = make_pool();
  run_tasks(plan, std::max(plan.tasks / 10, 4 * plan.threads), pool, left, sleep);  // makes all threads and stacks
  const auto start = Clock::now();
  const double cpu_start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  run_tasks(plan, plan.tasks, pool, left, sleep);
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  std::printf("%.9f %.9f\n", elapsed.count(), cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start);
}

// The sleep that ordinary code has.
inline void sleep_on_thread(std::chrono::microseconds time) { std::this_thread::sleep_for(time); }

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_BLOCKED_PLAN_H_
