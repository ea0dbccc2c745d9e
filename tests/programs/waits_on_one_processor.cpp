// On one processor, tasks that wait for each other by the means of the standard library all end: a producer and a
// consumer over std::condition_variable, in either order, and a task that joins another. (Futures: nested_wait.cpp.)
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "support/scale.h"

namespace preempt {
namespace {

// A queue of one place, so that each side waits for the other at every item.
class OnePlace {
 public:
  void put(int item) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !full_; });
    item_ = item;
    full_ = true;
    changed_.notify_all();
  }

  int get() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return full_; });
    full_ = false;
    changed_.notify_all();
    return item_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int item_ = 0;
  bool full_ = false;
};

class WaitsOnOneProcessor : public ::testing::TestWithParam<Preemption> {
 protected:
  Executor executor_{{.processors = 1, .preemption = GetParam(), .max_threads = 64}};
};

constexpr int kPairs = 4;

TEST_P(WaitsOnOneProcessor, ProducersAndConsumers) {
  const int items = testing::scaled(100);
  OnePlace places[kPairs];
  std::atomic<int> in_order = 0;
  for (int pair = 0; pair < kPairs; ++pair) {
    const auto produce = [&, pair] {
      for (int i = 0; i < items; ++i) places[pair].put(i);
    };
    const auto consume = [&, pair] {
      for (int i = 0; i < items; ++i) in_order += places[pair].get() == i;
    };
    // Each order in turn: the first to run waits for one that is still queued.
    if (pair % 2 == 0) {
      executor_.execute(consume);
      executor_.execute(produce);
    } else {
      executor_.execute(produce);
      executor_.execute(consume);
    }
  }
  executor_.drain();
  EXPECT_EQ(in_order, kPairs * items);
  EXPECT_GT(executor_.stats().handoffs, 0u);
}

// Each task waits until the one behind it has ended.
TEST_P(WaitsOnOneProcessor, TaskJoinedByAnother) {
  constexpr int kTasks = 20;
  std::vector<std::promise<void>> ends(kTasks);
  std::atomic<int> ended = 0;
  for (int i = 0; i < kTasks; ++i) {
    executor_.execute([&, i] {
      if (i + 1 < kTasks) ends[i + 1].get_future().wait();
      // The last one ends first.
      EXPECT_EQ(ended++, kTasks - 1 - i);
      ends[i].set_value();
    });
  }
  executor_.drain();
  EXPECT_EQ(ended, kTasks);
}

// A thread of the task's own, which can end only after a task that is queued behind.
TEST_P(WaitsOnOneProcessor, ThreadThatWaitsForATaskIsJoinedByAnother) {
  const int rounds = testing::scaled(20);
  std::atomic<int> ran = 0;
  for (int i = 0; i < rounds; ++i) {
    executor_.execute([&] {
      std::thread thread([&] { executor_.submit([&] { ++ran; }).get(); });
      thread.join();
    });
  }
  executor_.drain();
  EXPECT_EQ(ran, rounds);
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, WaitsOnOneProcessor,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe,
                                           Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
