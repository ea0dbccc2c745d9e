// glibc carries setgid(2) out in every thread, by a signal of its own that each must answer (nptl/nptl_setxid.c). A
// worker parked in the handler answers only if the handler's mask leaves that signal open.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using testing::Hogs;
using testing::scaled;

constexpr int kHogs = 8;

Options short_slices() { return {.processors = 2, .time_slice = std::chrono::microseconds(100)}; }

// Calls setgid until it was called `calls` times and 100 threads were parked meanwhile. Returns how often it failed.
int failed_setgid_calls(const Executor& executor, int calls) {
  const std::uint64_t enough = executor.stats().thread_preemptions + 100;
  int failed = 0;
  for (int i = 0; i < calls || executor.stats().thread_preemptions < enough; ++i) failed += setgid(getgid()) != 0;
  return failed;
}

TEST(SetgidAsync, FinishesWhileWorkersAreParked) {
  Executor executor(short_slices());
  Hogs hogs(executor, kHogs);
  ASSERT_TRUE(hogs.all_begun());
  EXPECT_EQ(failed_setgid_calls(executor, scaled(2000)), 0);
  const auto before = hogs.turns();
  EXPECT_TRUE(testing::eventually([&] { return hogs.all_moved_since(before); }));
}

TEST(SetgidAsync, FinishesInTasks) {
  std::atomic<int> failed = 0;
  std::atomic<int> ended = 0;
  Executor executor(short_slices());
  Hogs hogs(executor, kHogs);
  ASSERT_TRUE(hogs.all_begun());
  for (int task = 0; task < 2; ++task) {
    executor.execute([&] {
      failed += failed_setgid_calls(executor, scaled(300));
      ++ended;
    });
  }
  EXPECT_TRUE(testing::eventually([&] { return ended == 2; }));
  EXPECT_EQ(failed, 0);
}

TEST(SetgidAsync, FinishesWhileThreadsAreMade) {
  Executor executor(short_slices());
  for (int round = 0; round < scaled(20); ++round) {
    Hogs hogs(executor, kHogs);
    EXPECT_EQ(setgid(getgid()), 0);
    EXPECT_TRUE(hogs.all_begun());
  }
}

}  // namespace
}  // namespace preempt
