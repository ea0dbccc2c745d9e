// libc's blocking calls through preempt::blocking_hooks: they answer as before, and a worker that sleeps in one is in a
// Blocking scope. Also built with preempt_wrap_blocking_calls(), and that once more as a static program.
#include <gtest/gtest.h>

#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "programs/blocking_hooks/cancellation.h"
#include "programs/blocking_hooks/fixtures.h"
#include "programs/blocking_hooks/forwarding.h"
#include "programs/blocking_hooks/scopes.h"
#include "programs/blocking_hooks/scopes_of_locks.h"
#include "preempt/blocking.h"
#include "preempt/checkpoint.h"
#include "preempt/executor.h"

namespace preempt {
namespace {

using testing::Pipe;

class BlockingHooks : public ::testing::TestWithParam<Preemption> {};

int wait_for_the_next(Executor& executor, int depth) {
  if (depth == 0) return 0;
  return 1 + executor.submit([&executor, depth] { return wait_for_the_next(executor, depth - 1); }).get();
}

TEST_P(BlockingHooks, NestedFuturesOnOneProcessor) {
  Executor executor({.processors = 1, .preemption = GetParam(), .max_threads = 64});
  EXPECT_EQ(wait_for_the_next(executor, 20), 20);
  EXPECT_GT(executor.stats().handoffs, 0u);
}

// The processor goes on while its task, which may not be preempted, sleeps.
TEST_P(BlockingHooks, InsideNoPreempt) {
  Executor executor({.processors = 1, .preemption = GetParam()});
  Pipe pipe;
  std::future<bool> reader = executor.submit([&] {
    const NoPreempt here;
    char byte;
    return read(pipe.out(), &byte, 1) == 1;
  });
  std::future<bool> writer = executor.submit([&] { return pipe.put(); });
  EXPECT_TRUE(writer.get());
  EXPECT_TRUE(reader.get());
}

TEST_P(BlockingHooks, InsideAScopeOfTheProgram) {
  Executor executor({.processors = 1, .preemption = GetParam()});
  Pipe pipe;
  std::future<bool> reader = executor.submit([&] {
    const Blocking here(kNow);
    char byte;
    return read(pipe.out(), &byte, 1) == 1;
  });
  EXPECT_TRUE(executor.submit([&] { return pipe.put(); }).get());
  EXPECT_TRUE(reader.get());
}

TEST_P(BlockingHooks, LockThatManyWantIsHeldByOneAtATime) {
  Executor executor({.processors = 2, .preemption = GetParam(), .max_threads = 32});
  std::mutex mutex;
  int inside = 0, sum = 0;
  std::vector<std::future<void>> tasks;
  for (int i = 0; i < 100; ++i) {
    tasks.push_back(executor.submit([&] {
      for (int round = 0; round < 100; ++round) {
        const std::lock_guard hold(mutex);
        EXPECT_EQ(++inside, 1);
        if (round % 50 == 0) std::this_thread::sleep_for(std::chrono::microseconds(50));
        ++sum;
        --inside;
      }
    }));
  }
  for (std::future<void>& task : tasks) task.get();
  EXPECT_EQ(sum, 10'000);
}

// The child has one thread, which is no worker any more.
TEST_P(BlockingHooks, ChildOfAFork) {
  Executor executor({.processors = 1, .preemption = GetParam()});
  const int status = executor.submit([] {
    const pid_t child = fork();
    if (child == 0) {
      Pipe pipe;
      char byte;
      const bool good = pipe.put() && read(pipe.out(), &byte, 1) == 1 && usleep(10) == 0;
      _exit(good ? 7 : 1);
    }
    int child_status = -1;
    return waitpid(child, &child_status, 0) == child ? child_status : -1;
  }).get();
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7) << status;
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, BlockingHooks,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe,
                                           Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
