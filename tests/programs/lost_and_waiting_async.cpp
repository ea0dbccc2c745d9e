// While a worker has lost its processor the watchdog sleeps for up to 10 ms. It must wake for work that comes meanwhile:
// short tasks once waited that long behind a running one.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;

TEST(LostAndWaitingAsync, NewWorkIsLookedAt) {
  Executor executor({.processors = 1, .time_slice = 1ms});
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  std::atomic<bool> blocks = false;
  executor.execute([&] {
    blocks = true;
    char byte;
    EXPECT_EQ(read(ends[0], &byte, 1), 1);
  });
  ASSERT_TRUE(testing::eventually([&blocks] { return blocks.load(); }));
  constexpr int kRounds = 50;
  int in_time = 0;
  for (int i = 0; i < kRounds; ++i) {
    std::atomic<bool> runs = false, long_one_ended = false;
    executor.execute([&] {
      runs = true;
      testing::busy_cpu_for(4ms);
      long_one_ended = true;
    });
    ASSERT_TRUE(testing::eventually([&runs] { return runs.load(); }));
    std::this_thread::sleep_for(300us);  // until the watchdog has seen that nothing waits
    auto before_its_end = executor.submit([&long_one_ended] { return !long_one_ended; });
    if (before_its_end.get()) ++in_time;
    ASSERT_TRUE(testing::eventually([&long_one_ended] { return long_one_ended.load(); }));
  }
  EXPECT_EQ(executor.stats().handoffs, 1u) << "the blocked task had its processor: the test is blind";
  EXPECT_GT(in_time, kRounds * 6 / 10);  // a watchdog that slept would wake in time for a third of them
  ASSERT_EQ(write(ends[1], "x", 1), 1);
  executor.drain();
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace preempt
