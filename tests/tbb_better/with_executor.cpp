// Tasks of a preempt::Executor and oneTBB's algorithms in one process, in each other.
#include <gtest/gtest.h>
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/parallel_reduce.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <vector>

#include "preempt/executor.h"
#include "support/wait.h"

namespace tbb_better {
namespace {

using preempt::testing::eventually;

constexpr int kTasks = 20;
constexpr int kNumbers = 100'000;
constexpr long kSum = long{kNumbers} * (kNumbers - 1) / 2;

long sum_by_tbb() {
  using Range = oneapi::tbb::blocked_range<int>;
  const auto add = [](const Range& range, long sum) {
    for (int i = range.begin(); i != range.end(); ++i) sum += i;
    return sum;
  };
  return oneapi::tbb::parallel_reduce(Range(0, kNumbers), 0L, add, std::plus<>());
}

class WithExecutor : public ::testing::Test {
 protected:
  preempt::Executor executor_{{.processors = 2}};
};

TEST_F(WithExecutor, TasksCallAlgorithms) {
  std::vector<std::future<long>> sums;
  for (int i = 0; i < kTasks; ++i) sums.push_back(executor_.submit(sum_by_tbb));
  for (auto& sum : sums) EXPECT_EQ(sum.get(), kSum);
}

TEST_F(WithExecutor, BodiesWaitForTasks) {
  oneapi::tbb::task_arena arena(2, 0);
  std::atomic<int> sum = 0, ended = 0;
  for (int i = 0; i < kTasks; ++i) {
    arena.enqueue([&, i] {
      sum += executor_.submit([i] { return i; }).get();
      ++ended;
    });
  }
  EXPECT_TRUE(eventually([&] { return ended == kTasks; }));
  EXPECT_EQ(sum, kTasks * (kTasks - 1) / 2);
}

TEST_F(WithExecutor, IterationsWaitForTasksThatCallAlgorithms) {
  std::atomic<int> right = 0;
  oneapi::tbb::parallel_for(0, kTasks, [&](int) { right += executor_.submit(sum_by_tbb).get() == kSum; });
  EXPECT_EQ(right, kTasks);
}

TEST_F(WithExecutor, TasksWaitForBodiesThatWaitForTasks) {
  oneapi::tbb::task_arena arena(2, 0);
  std::atomic<int> right = 0;
  for (int i = 0; i < kTasks; ++i) {
    executor_.execute([&] {
      // Shared: the waiter may go on while set_value() still returns.
      const auto sum = std::make_shared<std::promise<long>>();
      arena.enqueue([&, sum] { sum->set_value(executor_.submit(sum_by_tbb).get()); });
      right += sum->get_future().get() == kSum;
    });
  }
  executor_.drain();
  EXPECT_EQ(right, kTasks);
}

}  // namespace
}  // namespace tbb_better
