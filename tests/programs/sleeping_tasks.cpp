// Two hundred tasks that sleep on two processors do so together: a sleeper does not keep its processor. Also built with
// preempt::blocking_hooks.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;

constexpr int kTasks = 200;
constexpr int kSleep = 50'000;  // us

class SleepingTasks : public ::testing::TestWithParam<Preemption> {
 protected:
  // One task's sleep; counts who sleeps at the same time.
  void sleep_once() {
    const int now = ++asleep_;
    for (int seen = peak_; seen < now && !peak_.compare_exchange_weak(seen, now);) {
    }
    usleep(kSleep);
    --asleep_;
  }

  std::atomic<int> asleep_ = 0, peak_ = 0, ended_ = 0;
  Executor executor_{{.processors = 2, .preemption = GetParam()}};
};

// How long it takes is printed: 50 ms and what it takes to hand a processor on two hundred times. On two threads it
// would be 5 s.
TEST_P(SleepingTasks, SleepTogether) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTasks; ++i) {
    executor_.execute([this] {
      sleep_once();
      ++ended_;
    });
  }
  executor_.drain();
  const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start;
  const Stats stats = executor_.stats();
  std::printf("%.1f ms, %d asleep at once, %llu hand-offs, %d threads at most\n", elapsed.count(), peak_.load(),
              static_cast<unsigned long long>(stats.handoffs), stats.workers_peak);
  EXPECT_EQ(ended_, kTasks);
  EXPECT_GT(stats.handoffs, 0u);
  EXPECT_GT(peak_, 2);
}

// No task ends before all of them sleep at the same time.
TEST_P(SleepingTasks, AllAtOnce) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (int i = 0; i < kTasks; ++i) {
    executor_.execute([this, end] {
      ++asleep_;
      while (asleep_ < kTasks && std::chrono::steady_clock::now() < end) usleep(kSleep);
      ++ended_;
    });
  }
  EXPECT_TRUE(testing::eventually([this] { return asleep_ == kTasks; }));
  executor_.drain();
  EXPECT_EQ(ended_, kTasks);
  EXPECT_GE(executor_.stats().handoffs, static_cast<std::uint64_t>(kTasks - 2));
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, SleepingTasks,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
