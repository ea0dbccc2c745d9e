// While bodies compute past their slice, in every slot, short ones that are enqueued behind them run.
#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <chrono>

#include "support/wait.h"

namespace tbb_better {
namespace {

using oneapi::tbb::task_arena;
using preempt::testing::eventually;
using preempt::testing::spin_a_little;
using Clock = std::chrono::steady_clock;

constexpr int kLong = 4;  // more than slots and processors
constexpr int kShort = 100;
constexpr std::chrono::milliseconds kLength(50);
constexpr std::chrono::seconds kLimit(20);

class LongBodies : public ::testing::TestWithParam<int> {
 protected:
  // Bodies still use the members.
  ~LongBodies() override {
    give_up_ = true;
    EXPECT_TRUE(eventually([this] { return ended_ == kLong && short_ran_ == kShort; }));
  }

  // Each computes for its length, and on until all short ones have run.
  void enqueue_long_ones() {
    for (int i = 0; i < kLong; ++i) {
      long_arena_.enqueue([this] {
        ++begun_;
        const auto end = Clock::now() + kLength;
        while (Clock::now() < end || (short_ran_ < kShort && !give_up_)) spin_a_little();
        ++ended_;
      });
    }
  }

  // No long one ends before they have all run.
  bool short_ones_run_in(task_arena& arena) {
    for (int i = 0; i < kShort; ++i) arena.enqueue([this] { ++short_ran_; });
    return eventually([this] { return short_ran_ == kShort; }, kLimit);
  }

  std::atomic<bool> give_up_ = false;
  std::atomic<int> begun_ = 0, ended_ = 0, short_ran_ = 0;
  task_arena long_arena_{GetParam(), 0}, another_{GetParam(), 0};
};

TEST_P(LongBodies, LetShortOnesOfTheirArenaRun) {
  enqueue_long_ones();
  EXPECT_TRUE(eventually([this] { return begun_ >= GetParam(); }, kLimit));
  EXPECT_TRUE(short_ones_run_in(long_arena_));
}

TEST_P(LongBodies, LetShortOnesOfAnotherArenaRun) {
  enqueue_long_ones();
  EXPECT_TRUE(eventually([this] { return begun_ >= GetParam(); }, kLimit));
  EXPECT_TRUE(short_ones_run_in(another_));
}

// More of them than there are slots.
TEST_P(LongBodies, ShareTheirSlots) {
  enqueue_long_ones();
  EXPECT_TRUE(eventually([this] { return begun_ == kLong; }, kLimit));
  EXPECT_TRUE(short_ones_run_in(long_arena_));
}

INSTANTIATE_TEST_SUITE_P(Slots, LongBodies, ::testing::Values(1, 2));

}  // namespace
}  // namespace tbb_better
