// What a run queue chooses: order within a level, levels, the share of starving levels, overdue stopped workers.
#include "core/run_queue.h"

#include <gtest/gtest.h>

#include <deque>

#include "core/levels.h"
#include "os/clock.h"
#include "preempt/options.h"

namespace preempt::core {
namespace {

class RunQueueTest : public ::testing::Test {
 protected:
  Runnable& task(int level) {
    Runnable& runnable = runnables_.emplace_back();
    runnable.level = static_cast<std::uint8_t>(level);
    return runnable;
  }

  Slices slices_{os::kMillisecond, 4};
  RunQueue queue_{slices_};
  std::deque<Runnable> runnables_;
  const Nanos now_ = os::now();
};

TEST_F(RunQueueTest, EmptyGivesNothing) {
  EXPECT_FALSE(queue_.pick(now_));
  EXPECT_EQ(queue_.waiting(), 0u);
  EXPECT_EQ(queue_.take_stopped(), nullptr);
  EXPECT_EQ(queue_.take_suspended(), nullptr);
}

TEST_F(RunQueueTest, FirstInFirstOutWithinALevelAndFrontGoesFirst) {
  Runnable& a = task(3);
  Runnable& b = task(3);
  Runnable& c = task(3);
  queue_.push_back(a);
  queue_.push_back(b);
  queue_.push_front(c);
  EXPECT_EQ(queue_.pick(now_).runnable, &c);
  EXPECT_EQ(queue_.pick(now_).runnable, &a);
  EXPECT_EQ(queue_.pick(now_).runnable, &b);
  EXPECT_FALSE(queue_.pick(now_));
}

TEST_F(RunQueueTest, LowerNumbersFirst) {
  Runnable& background = task(first_level(Priority::kBackground));
  Runnable& normal = task(first_level(Priority::kNormal));
  Runnable& high = task(first_level(Priority::kHigh));
  for (Runnable* each : {&background, &normal, &high}) queue_.push_back(*each);
  EXPECT_EQ(queue_.pick(now_).runnable, &high);
  EXPECT_EQ(queue_.pick(now_).runnable, &normal);
  EXPECT_EQ(queue_.pick(now_).runnable, &background);
}

// Else a task of a lower class would never begin beside one of a higher class that never ends.
TEST_F(RunQueueTest, TheBestLevelStarvesBelowOneThatRuns) {
  Runnable& only = task(4);
  queue_.push_back(only);
  const Nanos late = os::now() + 2 * slices_.starving_after();
  const Choice share = queue_.pick(late, 3);
  EXPECT_EQ(share.runnable, &only);
  EXPECT_EQ(share.grant, slices_.base());
  queue_.push_back(only);
  const Choice best = queue_.pick(late + 3 * slices_.starving_after(), 4);
  EXPECT_EQ(best.runnable, &only);
  EXPECT_EQ(best.grant, 0);
}

TEST_F(RunQueueTest, WhatIsPutBackKeepsItsTurn) {
  Runnable& top = task(0);
  Runnable& starving = task(4);
  queue_.push_back(starving);
  queue_.push_back(top);
  const Nanos late = os::now() + 2 * slices_.starving_after();
  const Choice share = queue_.pick(late);
  ASSERT_EQ(share.runnable, &starving);
  queue_.put_back(share);
  EXPECT_LE(queue_.next_entitlement(), late);
  const Choice again = queue_.pick(late);
  EXPECT_EQ(again.runnable, &starving);
  EXPECT_EQ(again.grant, slices_.base());
}

TEST_F(RunQueueTest, StarvingLevelsGetABaseSliceInTurn) {
  Runnable& top = task(0);
  Runnable& top_too = task(0);
  Runnable& middle = task(4);
  Runnable& lowest = task(kLevels - 1);
  for (Runnable* each : {&top, &top_too, &middle, &lowest}) queue_.push_back(*each);
  const Nanos before = now_ + slices_.starving_after() / 2;
  EXPECT_EQ(queue_.pick(before).runnable, &top);
  const Nanos late = os::now() + 2 * slices_.starving_after();
  EXPECT_LE(queue_.next_entitlement(), late);
  const Choice share = queue_.pick(late);
  EXPECT_EQ(share.runnable, &middle);
  EXPECT_EQ(share.grant, slices_.base());
  EXPECT_EQ(queue_.pick(late).runnable, &top_too);
  Runnable& top_again = task(0);
  queue_.push_back(top_again);
  const Nanos later = late + slices_.starving_after();
  EXPECT_GE(queue_.next_entitlement(), later);
  EXPECT_EQ(queue_.pick(later).runnable, &lowest);
  EXPECT_EQ(queue_.pick(later).runnable, &top_again);
}

TEST_F(RunQueueTest, OverdueStoppedWorkersTakeTurnsApart) {
  Fiber first({}, nullptr), second({}, nullptr);
  for (Fiber* fiber : {&first, &second}) {
    fiber->kind = RunnableKind::kStoppedWorker;
    fiber->level = kLevels - 1;
    fiber->waiting_since = now_;
    queue_.push_back(*fiber);
  }
  Runnable& top = task(0);
  queue_.push_back(top);
  EXPECT_EQ(queue_.oldest_stopped(), now_);
  const Nanos late = now_ + slices_.stopped_at_most();
  const Choice turn = queue_.pick(late);
  EXPECT_EQ(turn.runnable, &first);
  EXPECT_TRUE(turn.is_turn);
  EXPECT_EQ(queue_.pick(late).runnable, &top) << "the next turn is between_overdue() later";
  Runnable& another = task(0);
  queue_.push_back(another);
  EXPECT_EQ(queue_.pick(late + slices_.between_overdue()).runnable, &second);
  EXPECT_EQ(queue_.oldest_stopped(), os::kNever);
}

// 4,096 threads span for one lock, each new one started behind its stopped owner.
TEST_F(RunQueueTest, ACrowdOfStoppedWorkersIsServedEverySecondTime) {
  constexpr int kMany = 40;
  std::deque<Fiber> stopped;
  for (int i = 0; i < kMany; ++i) {
    Fiber& fiber = stopped.emplace_back(fiber::Stack{}, nullptr);
    fiber.kind = RunnableKind::kStoppedWorker;
    fiber.level = kLevels - 1;
    fiber.waiting_since = now_;
    queue_.push_back(fiber);
  }
  for (int i = 0; i < kMany; ++i) queue_.push_back(task(0));
  int turns = 0;
  for (int i = 0; i < 10; ++i) {
    const Choice choice = queue_.pick(now_);
    if (choice.runnable != &stopped[static_cast<std::size_t>(turns)]) continue;
    ++turns;
    EXPECT_TRUE(choice.is_turn);
  }
  EXPECT_EQ(turns, 5);
  Runnable& like = task(0);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "every second choice is somebody's turn";
  while (queue_.take_stopped() != nullptr) {
  }
  EXPECT_EQ(queue_.pick(now_).runnable->kind, RunnableKind::kTask) << "nobody is left of them";
}

TEST_F(RunQueueTest, OneThatIsAlikeIsWhatWouldBePicked) {
  Runnable& first = task(3);
  Runnable& like = task(3);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "empty";
  Runnable& second = task(3);
  queue_.push_back(first);
  queue_.push_back(second);
  EXPECT_EQ(queue_.take_alike(like), &first);
  Runnable& better = task(2);
  queue_.push_back(better);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "a better level waits";
  EXPECT_EQ(queue_.pick(now_).runnable, &better);
  EXPECT_EQ(queue_.take_alike(like), &second);
  EXPECT_EQ(queue_.waiting(), 0u);
  EXPECT_EQ(queue_.take_alike(like), nullptr);
}

TEST_F(RunQueueTest, NothingElseIsAlike) {
  Runnable& like = task(3);
  Runnable& worse = task(4);
  queue_.push_back(worse);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "another level";
  EXPECT_EQ(queue_.pick(now_).runnable, &worse);
  Runnable& short_slice = task(3);
  short_slice.base_slice_us = 50;
  queue_.push_back(short_slice);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "another slice";
  EXPECT_EQ(queue_.pick(now_).runnable, &short_slice);
  Fiber suspended{fiber::Stack{}, nullptr};
  suspended.kind = RunnableKind::kSuspendedFiber;
  suspended.level = 3;
  queue_.push_back(suspended);
  EXPECT_EQ(queue_.take_alike(like), nullptr) << "has begun";
  EXPECT_EQ(queue_.pick(now_).runnable, &suspended);
}

// They did, and a suspended fiber among preempted tasks of its level hardly ever had its share.
TEST_F(RunQueueTest, TurnsOfStoppedWorkersAreNotTheirLevelsShare) {
  Runnable& first = task(4);
  queue_.push_back(first);
  Fiber stopped({}, nullptr);
  stopped.kind = RunnableKind::kStoppedWorker;
  stopped.level = 4;
  stopped.waiting_since = now_;
  queue_.push_back(stopped);
  for (int i = 0; i < 2; ++i) queue_.push_back(task(0));
  const Nanos late = os::now() + 2 * slices_.starving_after();
  EXPECT_EQ(queue_.pick(late).runnable, &stopped);
  EXPECT_EQ(queue_.pick(late).runnable, &first);
}

TEST_F(RunQueueTest, GivesHalfOfTheBestLevelOldestFirst) {
  RunQueue thief(slices_);
  Runnable& low = task(5);
  queue_.push_back(low);
  for (int i = 0; i < 5; ++i) queue_.push_back(task(1));
  EXPECT_EQ(queue_.give_half_to(thief), 3);
  EXPECT_EQ(thief.pick(now_).runnable, &runnables_[1]);
  EXPECT_EQ(queue_.pick(now_).runnable, &runnables_[4]);
  EXPECT_EQ(best_of(thief.waiting()), 1);
}

TEST_F(RunQueueTest, IsNeglectedWhenNothingWasChosenForLong) {
  queue_.push_back(task(0));
  EXPECT_FALSE(queue_.is_neglected(os::now()));
  EXPECT_TRUE(queue_.is_neglected(os::now() + 2 * slices_.stopped_at_most()));
}

TEST(SlicesTest, GrowWithTheDepthAndStartAgainInEachClass) {
  const Slices slices(os::kMillisecond, 4);
  Runnable runnable;
  runnable.level = static_cast<std::uint8_t>(first_level(Priority::kNormal));
  EXPECT_EQ(slices.slice(runnable), os::kMillisecond);
  runnable.level = static_cast<std::uint8_t>(next_level(runnable.level));
  EXPECT_EQ(slices.slice(runnable), 4 * os::kMillisecond);
  runnable.base_slice_us = 2000;
  EXPECT_EQ(slices.slice(runnable), 8 * os::kMillisecond);
  EXPECT_EQ(next_level(kLevels - 1), kLevels - 1);
  EXPECT_EQ(first_level(next_level(first_level(Priority::kHigh) + kDepths - 1)), first_level(Priority::kHigh));
}

}  // namespace
}  // namespace preempt::core
