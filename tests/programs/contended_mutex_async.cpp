// Many tasks want one std::mutex that is held for longer than a slice, beside hogs: a convoy, in which holders are
// stopped and waiters sleep. All end, and it takes no more threads than about one for each task that blocks.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <mutex>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using std::chrono::microseconds;

constexpr int kTasks = 64;
constexpr int kHogs = 4;

class ContendedMutexAsync : public ::testing::TestWithParam<int> {};

TEST_P(ContendedMutexAsync, FewThreadsAndEveryTaskEnds) {
  const int turns = testing::scaled(5);
  std::mutex mutex;
  int held = 0;  // guarded by mutex
  int rounds = 0;
  std::atomic<int> ended = 0;
  Executor executor({.processors = 2, .time_slice = microseconds(GetParam())});
  {
    const testing::Hogs hogs(executor, kHogs);
    ASSERT_TRUE(hogs.all_begun());
    // Once is enough, but for few turns, in which nobody may have met a holder that was stopped.
    do {
      ++rounds;
      for (int i = 0; i < kTasks; ++i) {
        executor.execute([&] {
          for (int turn = 0; turn < turns; ++turn) {
            const std::lock_guard lock(mutex);
            testing::busy_cpu_for(microseconds(200));
            ++held;
          }
          ++ended;
        });
      }
      ASSERT_TRUE(testing::eventually([&] { return ended == kTasks * rounds; }));
    } while (executor.stats().handoffs == 0 && rounds < 100);
  }
  executor.drain();
  const Stats stats = executor.stats();
  std::printf("%d threads at most, %llu hand-offs, %llu preemptions\n", stats.workers_peak,
              static_cast<unsigned long long>(stats.handoffs),
              static_cast<unsigned long long>(stats.thread_preemptions));
  EXPECT_EQ(held, kTasks * turns * rounds);
  EXPECT_GT(stats.handoffs, 0u);
  EXPECT_LT(stats.workers_peak, 2 * kTasks);
}

INSTANTIATE_TEST_SUITE_P(SliceInMicroseconds, ContendedMutexAsync, ::testing::Values(100, 1000));

}  // namespace
}  // namespace preempt
