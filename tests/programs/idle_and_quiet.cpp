// With nothing waiting there is nothing to do: an idle executor and one with a lone long task send no signal, and their
// watchdog sleeps.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <map>
#include <thread>

#include "preempt/executor.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

// The kernel's encoding of another thread's cpu clock (MAKE_THREAD_CPUCLOCK in linux/posix-timers.h); glibc gives it
// for a pthread_t only, and the executor's threads are known here by their ids.
clockid_t cpu_clock_of(pid_t thread) { return static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | 6); }

// Cpu time of each thread of the executor, by its id. (A sanitizer has a thread of its own.)
std::map<pid_t, nanoseconds> cpu_times_of_executor() {
  std::map<pid_t, nanoseconds> result;
  for (const pid_t thread : testing::threads_of_this_process()) {
    if (testing::thread_status(thread, "Name").rfind("preempt", 0) == 0) {
      result[thread] = testing::cpu_time(cpu_clock_of(thread));
    }
  }
  return result;
}

struct Spent {
  nanoseconds cpu = {};  // of its threads
  std::uint64_t watchdog_wakeups = 0;
  std::uint64_t signals = 0;
};

// What the executor does in 300 ms, not counting the thread `busy` that computes on purpose.
Spent spent_in_300_ms(const Executor& executor, pid_t busy = 0) {
  // Lets what the last submission started come to rest.
  std::this_thread::sleep_for(milliseconds(100));
  const Stats stats_before = executor.stats();
  auto before = cpu_times_of_executor();
  std::this_thread::sleep_for(milliseconds(300));
  const auto after = cpu_times_of_executor();
  const Stats stats_after = executor.stats();
  Spent spent = {.watchdog_wakeups = stats_after.watchdog_wakeups - stats_before.watchdog_wakeups,
                 .signals = stats_after.signals_sent - stats_before.signals_sent};
  for (const auto& [thread, time] : after) {
    if (thread != busy) spent.cpu += time - before[thread];
  }
  return spent;
}

void expect_quiet(const Spent& spent) {
  EXPECT_EQ(spent.watchdog_wakeups, 0u);
  EXPECT_EQ(spent.signals, 0u);
  EXPECT_LT(spent.cpu, milliseconds(3));
}

class IdleAndQuiet : public ::testing::TestWithParam<int> {
 protected:
  Executor executor_{{.processors = GetParam()}};
};

TEST_P(IdleAndQuiet, ThreadsAreThere) {
  executor_.submit([] {}).get();
  EXPECT_TRUE(testing::eventually([] { return cpu_times_of_executor().size() >= 2; }))
      << "at least a worker and a watchdog are there to be looked at, once they have their names";
  // A thread may not have run for the first time yet.
  EXPECT_TRUE(testing::eventually([] {
    for (const auto& [thread, time] : cpu_times_of_executor()) {
      if (time <= nanoseconds(0)) return false;
    }
    return true;
  }));
}

TEST_P(IdleAndQuiet, ExecutorThatHadNoTask) { expect_quiet(spent_in_300_ms(executor_)); }

TEST_P(IdleAndQuiet, ExecutorThatHasDrained) {
  for (int i = 0; i < 20; ++i) executor_.execute([] { testing::busy_for(milliseconds(2)); });
  executor_.drain();
  expect_quiet(spent_in_300_ms(executor_));
}

TEST_P(IdleAndQuiet, LoneLongTask) {
  std::atomic<pid_t> thread = 0;
  std::atomic<bool> stop = false;
  executor_.execute([&] {
    thread = gettid();
    while (!stop) testing::spin_a_little();
  });
  ASSERT_TRUE(testing::eventually([&] { return thread != 0; }));
  const Spent spent = spent_in_300_ms(executor_, thread);
  stop = true;
  executor_.drain();
  expect_quiet(spent);
  EXPECT_EQ(executor_.stats().signals_sent, 0u) << "from the start on";
}

TEST_P(IdleAndQuiet, LoneSleepingTask) {
  std::atomic<bool> stop = false;
  executor_.execute([&] { stop.wait(false); });
  const Spent spent = spent_in_300_ms(executor_);
  stop = true;
  stop.notify_all();
  executor_.drain();
  expect_quiet(spent);
}

// The counter above can move: as soon as somebody waits, the watchdog is awake.
TEST(IdleAndQuietNot, WaitingTaskWakesTheWatchdog) {
  std::atomic<bool> stop = false;
  Executor executor({.processors = 1});
  executor.execute([&] {
    while (!stop) PREEMPT_CHECKPOINT();
  });
  executor.execute([&] { stop = true; });
  executor.drain();
  EXPECT_GT(executor.stats().watchdog_wakeups, 0u);
}

INSTANTIATE_TEST_SUITE_P(Processors, IdleAndQuiet, ::testing::Values(1, 2));

}  // namespace
}  // namespace preempt
