// The order in which tasks of different classes and of different age run, and what a time slice changes.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::eventually;

// Fresh tasks that never run out: each one makes its successor.
class Supply {
 public:
  Supply(Executor& executor, int count, nanoseconds work) : executor_(executor), work_(work) {
    for (int i = 0; i < count; ++i) submit();
  }
  ~Supply() { end(); }

  // Until the last one is gone.
  void end() {
    stop_ = true;
    EXPECT_TRUE(eventually([this] { return alive_ == 0; }));
  }

  std::uint64_t done() const { return done_; }

 private:
  void submit() {
    ++alive_;
    executor_.execute([this] {
      testing::busy_for(work_);
      ++done_;
      if (!stop_) submit();
      --alive_;
    });
  }

  Executor& executor_;
  const nanoseconds work_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> alive_ = 0;
  std::atomic<std::uint64_t> done_ = 0;
};

// A task that computes until it is told to stop, and tells for how long it did.
class LongTask {
 public:
  explicit LongTask(Executor& executor, TaskOptions options = {}) {
    executor.execute([state = state_] { compute(*state); }, options);
  }
  ~LongTask() { stop(); }

  void stop() { state_->stop = true; }
  bool started() const {
    return eventually([this] { return state_->computed != 0; });
  }
  nanoseconds computed() const { return nanoseconds(state_->computed); }

 private:
  struct State {
    std::atomic<bool> stop = false;
    std::atomic<std::int64_t> computed = 0;
  };

  // Adds up the short stretches; in a long one it waited for a processor or a cpu.
  static void compute(State& state) {
    while (!state.stop) {
      const auto begin = steady_clock::now();
      testing::spin_a_little();
      const auto stretch = steady_clock::now() - begin;
      if (stretch < microseconds(50)) state.computed += nanoseconds(stretch).count();
      PREEMPT_CHECKPOINT();
    }
  }

  std::shared_ptr<State> state_ = std::make_shared<State>();
};

// Of a stretch of time in which fresh tasks always wait, one base slice in 60 belongs to a lower level. A tenth of that
// is asked for, and that the fresh ones keep most. In cpu time: on a busy machine all of them get less.
void expect_share(const LongTask& task, const Supply& fresh) {
  const auto spent = [] { return testing::cpu_time(CLOCK_PROCESS_CPUTIME_ID); };
  const nanoseconds before = task.computed(), begin = spent();
  const std::uint64_t fresh_before = fresh.done();
  EXPECT_TRUE(eventually([&] { return spent() - begin > milliseconds(700); }));
  const nanoseconds share = task.computed() - before, elapsed = spent() - begin;
  EXPECT_GE(share, elapsed / 600);
  EXPECT_LE(share, elapsed / 2);
  EXPECT_GT(fresh.done() - fresh_before, 100u);
}

class ShareAsync : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(PinnedAndMigratable, ShareAsync, ::testing::Values(false, true));

TEST_P(ShareAsync, DemotedTaskGetsItsShareWhileFreshOnesAlwaysWait) {
  Executor executor({.processors = 1});
  LongTask demoted(executor, {.migratable = GetParam()});
  ASSERT_TRUE(demoted.started());
  Supply fresh(executor, 8, microseconds(200));
  // By now it has used its first slice up and sits at a lower level.
  ASSERT_TRUE(eventually([&] { return fresh.done() > 100; }));
  expect_share(demoted, fresh);
}

TEST_P(ShareAsync, BackgroundTaskGetsItsShareWhileNormalOnesAlwaysWait) {
  Executor executor({.processors = 1});
  Supply fresh(executor, 8, microseconds(200));
  LongTask background(executor, {.priority = Priority::kBackground, .migratable = GetParam()});
  ASSERT_TRUE(background.started());
  expect_share(background, fresh);
}

// It is the best that waits, and no other makes the hog give way.
TEST(LevelsAsync, BackgroundTaskBeginsBesideAHogOfAHigherClass) {
  std::atomic<bool> stop = false, begun = false;
  Executor executor({.processors = 1});
  executor.execute([&] {
    while (!stop) testing::spin_a_little();
  });
  executor.execute([&] { begun = true; }, {.priority = Priority::kBackground});
  EXPECT_TRUE(eventually([&] { return begun.load(); }));
  stop = true;
}

// Two long tasks that took turns for a while are at a level whose slice is four seconds long. Ten short tasks, one
// after the other, would wait forty seconds for ends of such slices.
TEST(LevelsAsync, ShortTaskDoesNotWaitForASliceOfALowerLevel) {
  Executor executor({.processors = 1, .time_slice = milliseconds(1), .slice_growth = 16});
  LongTask first(executor), second(executor);
  constexpr auto kThreeSlices = milliseconds(1 + 16 + 256);
  ASSERT_TRUE(eventually([&] { return first.computed() > kThreeSlices && second.computed() > kThreeSlices; }));
  const auto begin = steady_clock::now();
  for (int i = 0; i < 10; ++i) {
    executor.submit([] { testing::busy_for(microseconds(50)); }).get();
    std::this_thread::sleep_for(milliseconds(5));
  }
  EXPECT_LT(steady_clock::now() - begin, seconds(15));
}

TEST(LevelsAsync, WaitingTaskOfAHigherClassPreemptsARunningOne) {
  Executor executor({.processors = 1, .time_slice = seconds(8)});
  std::atomic<bool> high_ran = false, normal_ran = false;
  LongTask running(executor);
  ASSERT_TRUE(running.started());
  executor.execute([&] { normal_ran = true; });
  executor.execute([&] { high_ran = true; }, {.priority = Priority::kHigh});
  // Well before the slice is over, and not because it was over for all.
  EXPECT_TRUE(eventually([&] { return high_ran.load(); }, seconds(6)));
#ifndef PREEMPT_EAGER
  EXPECT_FALSE(normal_ran);
#endif
  running.stop();
  executor.drain();
  EXPECT_TRUE(normal_ran);
}

// How often two tasks on one processor, 200 ms of cpu time each, displace each other. A slice that never ends is
// compared with a short one: on a busy machine the wall time that slices count is many times the cpu time.
constexpr nanoseconds kEndless = seconds(10), kShort = milliseconds(1);

std::uint64_t preemptions_of_two_hogs(Executor& executor, TaskOptions options = {}) {
  const std::uint64_t before = executor.stats().thread_preemptions;
  for (int i = 0; i < 2; ++i) executor.execute([] { testing::busy_cpu_for(milliseconds(200)); }, options);
  executor.drain();
  return executor.stats().thread_preemptions - before;
}

// Counts of a build that preempts at every chance say nothing about slices.
class TimeSliceAsync : public ::testing::Test {
 protected:
  void SetUp() override {
#ifdef PREEMPT_EAGER
    GTEST_SKIP() << "an eager build preempts whatever the slice is";
#endif
  }
};

TEST_F(TimeSliceAsync, SetTimeSliceChangesHowOftenAHogIsPreempted) {
  Executor executor({.processors = 1, .time_slice = kEndless, .slice_growth = 1});
  const std::uint64_t seldom = preemptions_of_two_hogs(executor);
  executor.set_time_slice(kShort);
  const std::uint64_t often = preemptions_of_two_hogs(executor);
  executor.set_time_slice(kEndless);
  const std::uint64_t seldom_again = preemptions_of_two_hogs(executor);
  EXPECT_GT(often, 10 + 3 * seldom);
  EXPECT_GT(often, 10 + 3 * seldom_again);
}

std::uint64_t preemptions_with_environment(const char* time_slice, nanoseconds otherwise) {
  setenv("PREEMPT_TIME_SLICE", time_slice, 1);
  Executor executor({.processors = 1, .time_slice = otherwise, .slice_growth = 1});
  unsetenv("PREEMPT_TIME_SLICE");
  return preemptions_of_two_hogs(executor);
}

TEST_F(TimeSliceAsync, EnvironmentChangesHowOftenAHogIsPreempted) {
  const std::uint64_t seldom = preemptions_with_environment("10s", kShort);
  const std::uint64_t often = preemptions_with_environment("1ms", kEndless);
  EXPECT_GT(often, 10 + 3 * seldom);
}

TEST_F(TimeSliceAsync, SliceOfATaskCountsForItAlone) {
  Executor executor({.processors = 1, .time_slice = kEndless, .slice_growth = 1});
  const std::uint64_t as_executor = preemptions_of_two_hogs(executor);
  const std::uint64_t own = preemptions_of_two_hogs(executor, {.time_slice = kShort});
  EXPECT_GT(own, 3 * as_executor);
}

// A task that used slices up is served after those that did not: a short one of the same class is done long before.
TEST(LevelsAsync, ShortTasksPassLongOnes) {
  Executor executor({.processors = 1, .time_slice = milliseconds(1)});
  std::mutex mutex;
  std::string order;
  const auto note = [&](char who) {
    const std::lock_guard lock(mutex);
    order += who;
  };
  for (int i = 0; i < 3; ++i) {
    executor.execute([&] {
      testing::busy_cpu_for(milliseconds(50));
      note('L');
    });
  }
  for (int i = 0; i < 5; ++i) executor.execute([&] { note('s'); });
  executor.drain();
  EXPECT_EQ(order, "sssssLLL");
}

}  // namespace
}  // namespace preempt
