#include "preempt/task_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/scale.h"
#include "support/wait.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using testing::busy_for;
using testing::eventually;
using testing::Kind;
using testing::Runner;
using testing::scaled;

// The group is used, and waited for, by callers of each kind.
class TaskGroupTest : public testing::ForEachKind {
 protected:
  void as_caller(std::function<void()> body) {
    Runner runner(GetParam());
    runner.run(std::move(body));
  }
  Executor executor_{{.processors = 2, .migratable = GetParam() == Kind::kMigratable}};
};

TEST_P(TaskGroupTest, WaitsForEveryTask) {
  as_caller([this] {
    std::atomic<int> ended = 0;
    TaskGroup group(executor_);
    const int count = scaled(1000);
    for (int i = 0; i < count; ++i) group.run([&] { ++ended; });
    EXPECT_EQ(group.wait(), TaskGroupStatus::kComplete);
    EXPECT_EQ(ended, count);
  });
}

TEST_P(TaskGroupTest, WaitsForTasksThatTasksRun) {
  as_caller([this] {
    std::atomic<int> ended = 0;
    TaskGroup group(executor_);
    std::function<void(int)> grow = [&](int depth) {
      ++ended;
      if (depth == 0) return;
      group.run([&, depth] { grow(depth - 1); });
      group.run([&, depth] { grow(depth - 1); });
    };
    group.run([&] { grow(7); });
    group.wait();
    EXPECT_EQ(ended, 255);
  });
}

TEST_P(TaskGroupTest, ThrowsWhatATaskThrew) {
  as_caller([this] {
    TaskGroup group(executor_);
    group.run([] { throw std::runtime_error("from a task"); });
    try {
      group.wait();
      ADD_FAILURE() << "nothing came out";
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "from a task");
    }
    // As new.
    EXPECT_FALSE(group.is_canceling());
    bool ran = false;
    group.run([&] { ran = true; });
    EXPECT_EQ(group.wait(), TaskGroupStatus::kComplete);
    EXPECT_TRUE(ran);
  });
}

TEST_P(TaskGroupTest, RunAndWaitRunsHere) {
  as_caller([this] {
    TaskGroup group(executor_);
    std::thread::id runner;
    std::atomic<int> others = 0;
    for (int i = 0; i < 10; ++i) group.run([&] { ++others; });
    EXPECT_EQ(group.run_and_wait([&] { runner = std::this_thread::get_id(); }), TaskGroupStatus::kComplete);
    EXPECT_EQ(others, 10);
    if (GetParam() != Kind::kMigratable) {
      EXPECT_EQ(runner, std::this_thread::get_id());
    }
    EXPECT_THROW(group.run_and_wait([] { throw std::logic_error("here"); }), std::logic_error);
  });
}

PREEMPT_FOR_EACH_KIND(TaskGroupTest);

TEST(TaskGroup, CanceledTasksDoNotBegin) {
  Executor executor({.processors = 1});
  TaskGroup group(executor);
  std::atomic<bool> begun = false, go_on = false;
  std::atomic<int> ran = 0;
  group.run([&] {
    begun = true;
    while (!go_on) std::this_thread::yield();
    EXPECT_TRUE(group.is_canceling());
  });
  ASSERT_TRUE(eventually([&] { return begun.load(); }));
  const auto kept = std::make_shared<int>(1);
  group.cancel();
  for (int i = 0; i < 100; ++i) group.run([&ran, kept] { ++ran; });
  go_on = true;
  EXPECT_EQ(group.wait(), TaskGroupStatus::kCanceled);
  EXPECT_EQ(ran, 0);
  EXPECT_EQ(kept.use_count(), 1);  // the copies are destroyed all the same
  EXPECT_FALSE(group.is_canceling());
}

TEST(TaskGroup, NestedWaitsNeedOneProcessor) {
  Executor executor({.processors = 1});
  std::function<int(int)> fib = [&](int n) {
    if (n < 2) return n;
    int a = 0, b = 0;
    TaskGroup group(executor);
    group.run([&] { a = fib(n - 1); });
    group.run([&] { b = fib(n - 2); });
    group.wait();
    return a + b;
  };
  EXPECT_EQ(executor.submit([&] { return fib(12); }).get(), 144);
}

// Also where every processor is needed by a task of the group that waits for another one of it.
TEST(TaskGroup, TasksThatBlockKeepNoOtherWaiting) {
  Executor executor({.processors = 1});
  TaskGroup group(executor);
  constexpr int kTasks = 20;
  std::vector<Promise<void>> done(kTasks);
  std::vector<Future<void>> wanted;
  for (auto& one : done) wanted.push_back(one.get_future());
  // Each waits for the one that is run after it.
  for (int i = 0; i < kTasks; ++i) {
    group.run([&, i] {
      if (i + 1 < kTasks) wanted[i + 1].get();
      done[i].set_value();
    });
  }
  wanted[0].get();
  EXPECT_EQ(group.wait(), TaskGroupStatus::kComplete);
}

TEST(TaskGroup, WaiterRunsNothingOfOthers) {
  Executor executor({.processors = 1});
  executor
      .submit([&] {
        std::atomic<int> on_the_waiters_thread = 0;
        const auto waiter = std::this_thread::get_id();
        for (int i = 0; i < 50; ++i) {
          executor.execute([&] {
            if (std::this_thread::get_id() == waiter) ++on_the_waiters_thread;
          });
        }
        TaskGroup group(executor);
        group.run([] { busy_for(std::chrono::milliseconds(2)); });
        group.wait();
        EXPECT_EQ(on_the_waiters_thread, 0);
        // They are not to outlive what they refer to.
        while (executor.stats().tasks_completed < 50) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      })
      .get();
}

// They promised nothing, and a migratable task runs some of them on its own stack.
TEST(TaskGroup, PinnedTasksOfAMigratableWaiterKeepTheirThread) {
  Executor executor({.processors = 2});
  for (int i = 0; i < 4; ++i) {
    executor.execute(
        [&] {
          TaskGroup group(executor);
          for (int k = 0; k < 50; ++k) {
            group.run([] {
              const auto before = std::this_thread::get_id();
              yield();
              sleep_for(std::chrono::microseconds(10));
              EXPECT_EQ(std::this_thread::get_id(), before);
            });
          }
          group.wait();
          // The waiter is migratable again: it waits without its thread.
          const std::uint64_t switches = executor.stats().fiber_switches;
          sleep_for(std::chrono::microseconds(10));
          EXPECT_GT(executor.stats().fiber_switches, switches);
        },
        {.migratable = true});
  }
  executor.drain();
}

TEST(TaskGroup, EndWithoutAWaitCancels) {
  Executor executor({.processors = 1});
  std::atomic<int> ran = 0;
  const auto kept = std::make_shared<int>(1);
  {
    TaskGroup group(executor);
    for (int i = 0; i < 1000; ++i) group.run([&ran, kept] { ++ran; });
    group.run([] { throw std::runtime_error("dropped"); });
  }
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_LE(ran, 1000);
}

TEST(TaskGroup, RunThrowsAfterShutdownAndKeepsNothing) {
  Executor executor({.processors = 1});
  TaskGroup group(executor);
  executor.shutdown();
  const auto kept = std::make_shared<int>(1);
  EXPECT_THROW(group.run([kept] {}), std::runtime_error);
  EXPECT_EQ(kept.use_count(), 1);
  EXPECT_EQ(group.wait(), TaskGroupStatus::kComplete);
}

TEST(TaskGroup, ManyWaitAtOnce) {
  Executor executor({.processors = 2});
  TaskGroup group(executor);
  std::atomic<int> ended = 0;
  constexpr int kTasks = 200;
  for (int i = 0; i < kTasks; ++i) group.run([&] { ++ended; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      group.wait();
      EXPECT_EQ(ended, kTasks);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(TaskGroup, TaskOptionsAreThoseOfEachTask) {
  Executor executor({.processors = 1});
  std::string name = "a name that is kept";
  TaskGroup group(executor, {.name = name});
  name.assign(name.size(), 'x');
  group.run([] {});
  EXPECT_EQ(group.wait(), TaskGroupStatus::kComplete);
  TaskGroup wrong(executor, {.time_slice = std::chrono::nanoseconds(1)});
  EXPECT_THROW(wrong.run([] {}), std::invalid_argument);
}

}  // namespace
}  // namespace preempt
