// A starving level's turn may last longer than the time until the next turn, where nothing preempts it. Turn after turn
// was given then, and the best level, which "is served anyway", was not served at all.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

TEST(BetterBehindLongShares, IsServedAtLeastEverySecondTime) {
  std::string order;
  {
    Executor executor({.processors = 1, .time_slice = std::chrono::microseconds(20), .preemption = Preemption::kNone});
    const auto add = [&](char name, Priority priority) {
      // Longer than 60 slices, after which a level starves.
      executor.execute(
          [&order, name] {
            testing::busy_for(std::chrono::milliseconds(3));
            order += name;
          },
          {.priority = priority});
    };
    add('.', Priority::kHigh);  // keeps the processor meanwhile
    for (int i = 0; i < 10; ++i) add('b', Priority::kBackground);
    for (int i = 0; i < 10; ++i) add('h', Priority::kHigh);
    executor.drain();
  }
  const std::string until_the_last_h = order.substr(0, order.rfind('h'));
  EXPECT_EQ(until_the_last_h.find("bb"), std::string::npos) << order;
}

}  // namespace
}  // namespace preempt
