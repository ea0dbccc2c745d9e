#include "preempt/sync/condition_variable.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <mutex>

#include "support/scale.h"
#include "support/wait.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::Runner;

class ConditionVariableTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(ConditionVariableTest);

TEST_P(ConditionVariableTest, ProducersAndConsumers) {
  Mutex mutex;
  ConditionVariable changed;
  std::deque<int> values;  // under the mutex
  bool over = false;
  std::atomic<long> sum = 0;
  const int each = testing::scaled(2000);
  Runner consumers(GetParam(), 1);
  for (int i = 0; i < 4; ++i) {
    consumers.run([&] {
      std::unique_lock lock(mutex);
      for (;;) {
        changed.wait(lock, [&] { return over || !values.empty(); });
        if (values.empty()) return;
        sum += values.front();
        values.pop_front();
      }
    });
  }
  {
    Runner producers(GetParam(), 1);
    for (int i = 0; i < 4; ++i) {
      producers.run([&] {
        for (int k = 1; k <= each; ++k) {
          {
            const std::lock_guard lock(mutex);
            values.push_back(k);
          }
          changed.notify_one();
        }
      });
    }
  }
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  changed.notify_all();
  consumers.join();
  EXPECT_EQ(sum, 4L * each * (each + 1) / 2);
}

TEST_P(ConditionVariableTest, WaitsEndAtTheirTime) {
  Mutex mutex;
  ConditionVariable never;
  std::atomic<int> timeouts = 0;
  {
    Runner runner(GetParam());
    for (int i = 0; i < 20; ++i) {
      runner.run([&] {
        std::unique_lock lock(mutex);
        const auto begin = std::chrono::steady_clock::now();
        const bool is_true = never.wait_for(lock, 10ms, [] { return false; });
        if (!is_true && lock.owns_lock() && std::chrono::steady_clock::now() - begin >= 10ms) ++timeouts;
        if (never.wait_until(lock, std::chrono::system_clock::now() + 1ms) == std::cv_status::timeout) ++timeouts;
      });
    }
  }
  EXPECT_EQ(timeouts, 40);
}

TEST_P(ConditionVariableTest, NotifyAllWakesAll) {
  Mutex mutex;
  ConditionVariable go;
  bool gone = false;
  int waiting = 0, woken = 0;
  Runner runner(GetParam());
  constexpr int kTasks = 50;
  for (int i = 0; i < kTasks; ++i) {
    runner.run([&] {
      std::unique_lock lock(mutex);
      ++waiting;
      go.wait(lock, [&gone] { return gone; });
      ++woken;
    });
  }
  ASSERT_TRUE(testing::eventually([&] {
    const std::lock_guard lock(mutex);
    return waiting == kTasks;
  }));
  {
    const std::lock_guard lock(mutex);
    gone = true;
  }
  go.notify_all();
  runner.join();
  EXPECT_EQ(woken, kTasks);
}

}  // namespace
}  // namespace preempt
