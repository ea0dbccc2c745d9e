// Regression: work waited, every processor computed and the watchdog slept for ever. Tasks that were submitted while
// one worker searched, or while workers were starting, woke nobody; the workers took one each by pick() and nobody
// announced the rest.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

struct Round {
  std::atomic<bool> set = false;
  std::atomic<bool> given_up = false;
};

// Two hogs and the task that ends them, on two processors.
void submit_round(Executor& executor, const std::shared_ptr<Round>& round) {
  for (int hog = 0; hog < 2; ++hog) {
    executor.execute([round] {
      const auto end = std::chrono::steady_clock::now() + seconds(10);
      while (!round->set && std::chrono::steady_clock::now() < end) testing::spin_a_little();
      if (!round->set) round->given_up = true;
    });
  }
  executor.execute([round] { round->set = true; });
}

TEST(LostWakeupAsync, TasksSubmittedWhileAWorkerSearches) {
  Executor executor({.processors = 2});
  for (int i = 0; i < testing::scaled(400); ++i) {
    std::this_thread::sleep_for(milliseconds(2));  // both processors idle
    std::atomic<bool> first = false;
    executor.execute([&] { first = true; });
    while (!first) testing::spin_a_little();
    testing::busy_for(nanoseconds((i % 40) * 250));  // somewhere in the worker's search
    const auto round = std::make_shared<Round>();
    submit_round(executor, round);
    executor.drain();
    ASSERT_FALSE(round->given_up) << "round " << i;
  }
}

TEST(LostWakeupAsync, TasksSubmittedWhileWorkersStart) {
  for (int i = 0; i < testing::scaled(200); ++i) {
    Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100)});
    const testing::Hogs hogs(executor, 6);
    ASSERT_TRUE(testing::eventually([&] { return executor.stats().thread_preemptions > 5; }, seconds(20)))
        << "executor " << i;
  }
}

}  // namespace
}  // namespace preempt
