// Tasks that wait for the futures of queued tasks do not deadlock a pool of one processor: who sleeps in the kernel
// gives the processor away.
#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "preempt/executor.h"
#include "support/scale.h"

namespace preempt {
namespace {

// How many tasks waited for each other.
int wait_for_the_next(Executor& executor, int depth) {
  if (depth == 0) return 0;
  return 1 + executor.submit([&executor, depth] { return wait_for_the_next(executor, depth - 1); }).get();
}

class NestedWait : public ::testing::TestWithParam<Preemption> {};

TEST_P(NestedWait, TwentyDeepOnOneProcessor) {
  Executor executor({.processors = 1, .preemption = GetParam(), .max_threads = 64});
  const int rounds = testing::scaled(5);
  for (int i = 0; i < rounds; ++i) EXPECT_EQ(wait_for_the_next(executor, 20), 20);
  EXPECT_GT(executor.stats().handoffs, 0u);
}

TEST_P(NestedWait, SeveralChainsAtOnce) {
  Executor executor({.processors = 1, .preemption = GetParam(), .max_threads = 256});
  std::vector<std::future<int>> chains;
  for (int i = 0; i < 8; ++i) chains.push_back(executor.submit([&] { return wait_for_the_next(executor, 10); }));
  for (std::future<int>& chain : chains) EXPECT_EQ(chain.get(), 10);
}

// A fan of tasks under each waiting one, as a divide-and-conquer algorithm makes them.
int fan_out(Executor& executor, int depth) {
  if (depth == 0) return 1;
  std::vector<std::future<int>> parts;
  const auto part = [&executor, depth] { return fan_out(executor, depth - 1); };
  for (int i = 0; i < 3; ++i) parts.push_back(executor.submit(part));
  int sum = 0;
  for (std::future<int>& future : parts) sum += future.get();
  return sum;
}

TEST_P(NestedWait, DivideAndConquer) {
  Executor executor({.processors = 1, .preemption = GetParam()});
  EXPECT_EQ(executor.submit([&] { return fan_out(executor, 4); }).get(), 81);
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, NestedWait,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe,
                                           Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
