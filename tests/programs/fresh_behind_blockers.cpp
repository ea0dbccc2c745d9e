// Regression: the processor of a task that blocks went to the stopped worker that waited longest, always. Where tasks
// block and come back all the time, as connections of a busy server in Blocking scopes do, one is always there, and
// tasks that had not begun waited for ever.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

constexpr int kBlockers = 32;

class FreshBehindBlockers : public ::testing::TestWithParam<Preemption> {
 protected:
  ~FreshBehindBlockers() override { stop_ = true; }

  // Tasks that sleep for less time than it takes until it is their turn again.
  void start_blockers() {
    for (int i = 0; i < kBlockers; ++i) {
      executor_.execute([this] {
        ++begun_;
        while (!stop_) {
          testing::spin_a_little();
          const Blocking here(kNow);
          usleep(20);
        }
      });
    }
    EXPECT_TRUE(testing::eventually([this] { return begun_ == kBlockers; })) << begun_ << " have begun";
  }

  std::atomic<bool> stop_ = false;
  std::atomic<int> begun_ = 0;
  Executor executor_{{.processors = 1, .preemption = GetParam(), .max_threads = 128}};
};

// Every second hand-off is chosen in the order of the queue, in which each of the blockers may stand before.
constexpr std::uint64_t kMostHandOffs = 100 * 2 * kBlockers;

TEST_P(FreshBehindBlockers, Begin) {
  start_blockers();
  std::uint64_t longest = 0;
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t before = executor_.stats().handoffs;
    const std::uint64_t after = executor_.submit([this] { return executor_.stats().handoffs; }).get();
    longest = std::max(longest, after - before);
  }
  std::printf("at most %llu hand-offs before a fresh task\n", static_cast<unsigned long long>(longest));
  EXPECT_LT(longest, kMostHandOffs);
}

// As above, for one that gave its thread up and comes back.
TEST_P(FreshBehindBlockers, SuspendedOnesGoOn) {
  start_blockers();
  std::uint64_t longest = 0;
  const auto sleep_and_count = [&] {
    for (int i = 0; i < 10; ++i) {
      const std::uint64_t before = executor_.stats().handoffs;
      sleep_for(std::chrono::microseconds(100));
      longest = std::max(longest, executor_.stats().handoffs - before);
    }
  };
  executor_.submit(sleep_and_count, {.migratable = true}).get();
  std::printf("at most %llu hand-offs before a suspended task\n", static_cast<unsigned long long>(longest));
  EXPECT_LT(longest, kMostHandOffs);
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, FreshBehindBlockers,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
