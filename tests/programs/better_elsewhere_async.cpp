// Regression: a processor was asked to give its low task up for better ones that waited behind an unpreemptible task of
// another processor, and then chose from its own queue: hogs took turns for each other and the better tasks waited.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/wait.h"

namespace preempt {
namespace {

TEST(BetterElsewhereAsync, ShortTasksBehindNoPreemptRunOnTheOtherProcessor) {
  Executor executor({.processors = 2});
  testing::Hogs hogs(executor, 3);
  ASSERT_TRUE(testing::more_thread_preemptions(executor, 10));  // the hogs are at lower levels by now
  std::atomic<int> ended = 0;
  std::atomic<bool> all_in_time = false;
  executor.execute([&] {
    const NoPreempt no_preempt;
    for (int i = 0; i < 200; ++i) executor.execute([&] { ++ended; });
    // Computing, not sleeping: a sleeper's processor would be handed on.
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (ended < 200 && std::chrono::steady_clock::now() < end) testing::spin_a_little();
    all_in_time = ended == 200;
  });
  EXPECT_TRUE(testing::eventually([&] { return ended == 200; }));
  hogs.stop();
  executor.drain();
  EXPECT_TRUE(all_in_time) << "the short tasks waited for the end of the task that submitted them";
}

}  // namespace
}  // namespace preempt
