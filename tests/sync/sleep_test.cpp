// Sleeping tasks keep no processor, and migratable ones no thread.
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>

#include "fiber/sanitizer.h"
#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/scale.h"
#include "support/wait.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using testing::Runner;

class SleepTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(SleepTest);

// Not inlined: a migratable task must not keep errno's address over a wait (the promise of TaskOptions::migratable).
[[gnu::noinline]] int errno_now() {
  asm volatile("" ::: "memory");
  return errno;
}
[[gnu::noinline]] void set_errno(int value) {
  errno = value;
  asm volatile("" ::: "memory");
}

TEST_P(SleepTest, NotShorterAndErrnoKept) {
  std::atomic<int> wrong = 0;
  {
    Runner runner(GetParam());
    for (int i = 0; i < 20; ++i) {
      runner.run([&wrong, i] {
        set_errno(i);
        const auto begin = Clock::now();
        sleep_for(std::chrono::milliseconds(i));
        if (Clock::now() - begin < std::chrono::milliseconds(i) || errno_now() != i) ++wrong;
        sleep_until(begin + 25ms);
        if (Clock::now() < begin + 25ms || errno_now() != i) ++wrong;
        sleep_for(-1ms);
        sleep_until(Clock::time_point::min());
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

// By their deadlines, not by their order.
TEST(Sleep, MigratableTasksWakeInOrderOfTheirDeadlines) {
  Executor executor({.processors = 1, .migratable = true});
  std::vector<int> order;
  for (const int ms : {90, 30, 60}) {
    executor.execute([&order, ms] {
      sleep_for(std::chrono::milliseconds(ms));
      order.push_back(ms);
    });
  }
  executor.drain();
  EXPECT_EQ(order, (std::vector{30, 60, 90}));
}

TEST(Sleep, AHundredThousandMigratableTasksKeepNoThreads) {
  if (fiber::kIsSanitized) GTEST_SKIP() << "a sanitizer needs more than the 64 KiB of stack that these tasks have";
  const int tasks = testing::scaled(100'000);
  Executor executor({.processors = 2, .max_threads = 4, .stack_size = 64 << 10, .migratable = true});
  std::atomic<int> asleep = 0, awake = 0;
  Latch all_asleep(tasks);
  for (int i = 0; i < tasks; ++i) {
    executor.execute([&, i] {
      ++asleep;
      all_asleep.count_down();
      all_asleep.wait();
      sleep_for(std::chrono::milliseconds(50 + i % 50));
      ++awake;
    });
  }
  executor.drain();
  EXPECT_EQ(awake, tasks);
  EXPECT_LE(executor.stats().workers_peak, 4);
}

// An hour's sleep does not hold the others up, nor the watchdog awake.
TEST(Sleep, TheWatchdogSleepsUntilTheFirstDeadline) {
  Executor executor({.processors = 1, .migratable = true});
  Latch never(1);
  executor.execute([&never] { EXPECT_FALSE(never.wait_for(500ms)); });
  std::this_thread::sleep_for(100ms);
  const std::uint64_t before = executor.stats().watchdog_wakeups;
  std::this_thread::sleep_for(200ms);
  EXPECT_LE(executor.stats().watchdog_wakeups - before, 2u);
  executor.drain();
}

TEST(Sleep, ProcessorIsFreeMeanwhile) {
  std::atomic<bool> over = false;
  Executor executor({.processors = 1, .max_threads = 3});
  executor.execute([&over] {
    sleep_for(300ms);
    over = true;
  });
  EXPECT_FALSE(executor.submit([&over] { return over.load(); }).get());
}

}  // namespace
}  // namespace preempt
