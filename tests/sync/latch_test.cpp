#include "preempt/sync/latch.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <stdexcept>

#include "support/scale.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::Kind;
using testing::Runner;

class LatchTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(LatchTest);

TEST_P(LatchTest, WaitsForAll) {
  constexpr int kTasks = 40;
  Latch latch(kTasks);
  std::atomic<int> before = 0, wrong = 0;
  {
    Runner runner(GetParam());
    for (int i = 0; i < kTasks; ++i) {
      runner.run([&] {
        ++before;
        latch.arrive_and_wait();
        if (before != kTasks) ++wrong;
      });
    }
  }
  EXPECT_EQ(wrong, 0);
  EXPECT_TRUE(latch.try_wait());
}

// On the waiter's stack, and gone as soon as it goes on.
TEST_P(LatchTest, MayBeDestroyedByItsWaiter) {
  Runner runner(GetParam());
  const int rounds = testing::scaled(1000);
  for (int i = 0; i < rounds; ++i) {
    std::optional<Latch> latch(1);
    runner.run([&latch] { latch->count_down(); });
    latch->wait();
    latch.reset();
    if (i % 100 == 99) runner.join();
  }
}

TEST_P(LatchTest, WaitsEndAtTheirTime) {
  Latch latch(1);
  std::atomic<int> timeouts = 0;
  {
    Runner runner(GetParam());
    for (int i = 0; i < 10; ++i) {
      runner.run([&] {
        if (!latch.wait_for(2ms)) ++timeouts;
        if (!latch.wait_until(std::chrono::steady_clock::now() - 1ms)) ++timeouts;
      });
    }
  }
  EXPECT_EQ(timeouts, 20);
}

TEST(Latch, BadCounts) {
  EXPECT_THROW(Latch(-1), std::invalid_argument);
  Latch latch(1);
  EXPECT_THROW(latch.count_down(-1), std::invalid_argument);
  EXPECT_THROW(latch.count_down(2), std::logic_error);
  EXPECT_FALSE(latch.try_wait());
  latch.count_down();
  EXPECT_TRUE(latch.try_wait());
  EXPECT_THROW(latch.count_down(), std::logic_error);
  Latch over(0);
  over.wait();
}

TEST_P(LatchTest, WaitGroupIsUsedAgain) {
  Runner runner(GetParam());
  WaitGroup group;
  std::atomic<int> done = 0;
  for (int round = 1; round <= 5; ++round) {
    for (int i = 0; i < 10; ++i) {
      group.add();
      runner.run([&] {
        ++done;
        group.done();
      });
    }
    group.wait();
    EXPECT_EQ(done, round * 10);
  }
  EXPECT_THROW(group.done(), std::logic_error);
  group.add();
  EXPECT_FALSE(group.wait_for(1ms));
  group.done();
}

}  // namespace
}  // namespace preempt
