// The clock of bursts: never ahead of the real one, and says for how long its last answer holds.
#include "os/coarse_clock.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

namespace preempt::os {
namespace {

TEST(CoarseClockTest, IsBetweenTheRealTimesAroundItOrAMomentOld) {
  CoarseClock clock;
  for (int i = 0; i < 1000; ++i) {
    const Nanos before = now();
    const Nanos answer = clock.now();
    EXPECT_LE(answer, now());
    EXPECT_GE(answer, before - 100 * kMicrosecond);
  }
}

TEST(CoarseClockTest, AnAnswerHoldsForAMoment) {
  CoarseClock clock;
  EXPECT_EQ(clock.answer_that_holds(), 0) << "none was given";
  int held = 0;
  for (int i = 0; i < 1000; ++i) {
    const Nanos answer = clock.now();
    const Nanos again = clock.answer_that_holds();
    EXPECT_TRUE(again == answer || again == 0);
    held += again == answer;
  }
  EXPECT_GT(held, 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(clock.answer_that_holds(), 0);
}

}  // namespace
}  // namespace preempt::os
