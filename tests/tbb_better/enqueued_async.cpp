// One slot, whose thread waits for short bodies of its own all the time: what was enqueued is run in between.
#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "support/wait.h"

namespace tbb_better {
namespace {

TEST(EnqueuedBody, RunsBesideWaitsForShortOnes) {
  oneapi::tbb::task_arena arena(1);
  std::atomic<bool> begun = false, stop = false, ran = false;
  std::thread outside([&] {
    arena.execute([&] {
      // One loop without end: it never comes to the end of a body that was not begun in a wait.
      oneapi::tbb::parallel_for(0, 1'000'000'000, [&](int) {
        begun = true;
        if (stop) {
          oneapi::tbb::task::current_context()->cancel_group_execution();
        } else {
          preempt::testing::busy_for(std::chrono::microseconds(10));
        }
      });
    });
  });
  EXPECT_TRUE(preempt::testing::eventually([&] { return begun.load(); }));
  arena.enqueue([&] { ran = true; });
  EXPECT_TRUE(preempt::testing::eventually([&] { return ran.load(); }));
  stop = true;
  outside.join();
}

}  // namespace
}  // namespace tbb_better
