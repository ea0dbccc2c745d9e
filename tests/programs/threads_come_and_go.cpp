// Threads are made while tasks block, up to Options::max_threads, which is said once; those that were not needed for ten
// seconds end, and are made again when they are.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/log_lines.h"
#include "support/wait.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;

// Each keeps a thread for as long as the others need to start.
void block_all_at_once(Executor& executor, int tasks) {
  std::atomic<int> inside = 0;
  for (int i = 0; i < tasks; ++i) {
    executor.execute([&inside, tasks] {
      ++inside;
      while (inside < tasks) usleep(1000);
    });
  }
  executor.drain();
}

TEST(ThreadsComeAndGo, ExhaustionIsSaidOnceAndCounted) {
  testing::LogLines lines;
  {
    Executor executor({.processors = 1, .max_threads = 3, .on_log = lines.sink()});
    for (int round = 0; round < 3; ++round) {
      std::promise<void> go;
      const std::shared_future<void> gone = go.get_future().share();
      std::atomic<int> ended = 0;
      for (int i = 0; i < 6; ++i) {
        executor.execute([&ended, gone] {
          gone.wait();
          ++ended;
        });
      }
      const std::uint64_t before = executor.stats().threads_exhausted;
      EXPECT_TRUE(testing::eventually([&] { return executor.stats().threads_exhausted > before; }));
      EXPECT_EQ(ended, 0);
      go.set_value();
      executor.drain();
      EXPECT_EQ(ended, 6);
    }
    EXPECT_EQ(executor.stats().workers_peak, 3);
  }
  EXPECT_EQ(lines.count("all 3 threads"), 1) << lines.text();
  EXPECT_EQ(lines.count("Options::max_threads"), 1) << lines.text();
}

// Who allows no further thread is not told that there is none.
TEST(ThreadsComeAndGo, NothingIsSaidWithoutFurtherThreads) {
  testing::LogLines lines;
  {
    Executor executor({.processors = 1, .max_threads = 1, .on_log = lines.sink()});
    for (int i = 0; i < 4; ++i) executor.execute([] { usleep(5000); });
    executor.drain();
    EXPECT_EQ(executor.stats().threads_exhausted, 0u);
  }
  EXPECT_EQ(lines.text(), "");
}

TEST(ThreadsComeAndGo, UnneededThreadsEndAndAreMadeAgain) {
  std::atomic<int> started = 0, stopped = 0;
  {
    Executor executor({.processors = 2,
                       .on_thread_start = [&started] { ++started; },
                       .on_thread_stop = [&stopped] { ++stopped; }});
    constexpr int kTasks = 20;
    block_all_at_once(executor, kTasks);
    EXPECT_GE(executor.stats().workers, kTasks);
    EXPECT_TRUE(testing::eventually([&executor] { return executor.stats().workers == 2; }, 60s));
    EXPECT_TRUE(testing::eventually([&] { return started - stopped == 2; }));
    block_all_at_once(executor, kTasks);
    EXPECT_GE(executor.stats().workers, kTasks);
    EXPECT_GT(started, kTasks + 2);
  }
  EXPECT_EQ(started, stopped);
}

}  // namespace
}  // namespace preempt
