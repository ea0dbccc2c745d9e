// Draining and ending an Executor.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using testing::eventually;

class ExecutorEndTest : public ::testing::TestWithParam<int> {
 protected:
  Options options() const { return {.processors = GetParam()}; }
};

INSTANTIATE_TEST_SUITE_P(Processors, ExecutorEndTest, ::testing::Values(1, 2));

// True as soon as the executor refuses a submission from outside.
bool refuses(Executor& executor) {
  try {
    executor.execute([] {});
    return false;
  } catch (const std::runtime_error&) {
    return true;
  }
}

TEST_P(ExecutorEndTest, DrainOfAnUnusedOneReturns) {
  Executor executor(options());
  executor.drain();
  executor.drain();
}

TEST_P(ExecutorEndTest, DrainWaitsForRunningTasksAndTheirSuccessors) {
  Executor executor(options());
  std::atomic<int> ran = 0;
  std::function<void(int)> chain = [&](int left) {
    std::this_thread::sleep_for(milliseconds(1));
    ++ran;
    if (left > 0) executor.execute([&chain, left] { chain(left - 1); });
  };
  executor.execute([&] { chain(50); });
  executor.drain();
  EXPECT_EQ(ran, 51);
}

TEST_P(ExecutorEndTest, DrainFromManyThreads) {
  Executor executor(options());
  std::atomic<int> ran = 0;
  std::vector<std::thread> drainers;
  for (int i = 0; i < 8; ++i) {
    drainers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        const auto mine = std::make_shared<std::atomic<bool>>(false);
        executor.execute([&ran, mine] {
          *mine = true;
          ++ran;
        });
        executor.drain();
        EXPECT_TRUE(*mine) << "the task was submitted before drain began";
      }
    });
  }
  for (std::thread& drainer : drainers) drainer.join();
  EXPECT_EQ(ran, 400);
}

TEST_P(ExecutorEndTest, DrainInATaskIsALogicError) {
  Executor executor(options());
  EXPECT_THROW(executor.submit([&] { executor.drain(); }).get(), std::logic_error);
  Executor other(options());
  EXPECT_NO_THROW(executor.submit([&] { other.drain(); }).get())
      << "in a task of another executor it may be waited for";
}

TEST_P(ExecutorEndTest, ShutdownRunsWhatIsQueued) {
  std::atomic<int> ran = 0;
  Executor executor(options());
  for (int i = 0; i < 500; ++i) executor.execute([&] { ++ran; });
  executor.shutdown();
  EXPECT_EQ(ran, 500);
}

TEST_P(ExecutorEndTest, DestructorRunsWhatIsQueued) {
  std::atomic<int> ran = 0;
  {
    Executor executor(options());
    for (int i = 0; i < 500; ++i) executor.execute([&] { ++ran; });
  }
  EXPECT_EQ(ran, 500);
}

TEST_P(ExecutorEndTest, ShutdownIsIdempotentAndEndsTheThreads) {
  { const Executor first(options()); }  // a sanitizer's own thread starts with the first one made
  const std::size_t before = testing::threads_of_this_process().size();
  Executor executor(options());
  executor.execute([] {});
  EXPECT_GT(testing::threads_of_this_process().size(), before);
  executor.shutdown();
  executor.shutdown();
  EXPECT_TRUE(eventually([&] { return testing::threads_of_this_process().size() <= before; }));
  EXPECT_EQ(executor.stats().workers, 0);
  EXPECT_EQ(executor.stats().tasks_completed, 1u);
  executor.drain();
}

TEST_P(ExecutorEndTest, ShutdownFromManyThreads) {
  std::atomic<int> ran = 0;
  Executor executor(options());
  for (int i = 0; i < 100; ++i) executor.execute([&] { ++ran; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      executor.shutdown();
      EXPECT_EQ(ran, 100) << "each call waits";
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST_P(ExecutorEndTest, SubmissionsAfterShutdownAreRefused) {
  Executor executor(options());
  executor.shutdown();
  std::atomic<bool> ran = false;
  const auto token = std::make_shared<int>(1);
  EXPECT_THROW(executor.execute([&ran, token] { ran = true; }), std::runtime_error);
  EXPECT_THROW(static_cast<void>(executor.submit([&ran, token] { ran = true; })), std::runtime_error);
  EXPECT_FALSE(executor.try_execute([&ran, token] { ran = true; }));
  EXPECT_EQ(token.use_count(), 1) << "refused callables are destroyed at once";
  EXPECT_FALSE(ran);
}

TEST_P(ExecutorEndTest, UnfinishedTasksMaySubmitDuringShutdown) {
  Executor executor(options());
  std::atomic<bool> refused = false;
  std::atomic<int> ran = 0;
  executor.execute([&] {
    while (!refused) PREEMPT_CHECKPOINT();
    for (int i = 0; i < 10; ++i) {
      executor.execute([&] {
        ++ran;
        executor.execute([&] { ++ran; });
      });
    }
    EXPECT_EQ(executor.submit([] { return 4; }).get(), 4);
  });
  std::thread ender([&] { executor.shutdown(); });
  EXPECT_TRUE(eventually([&] { return refuses(executor); }));
  refused = true;
  ender.join();
  EXPECT_EQ(ran, 20);
}

TEST_P(ExecutorEndTest, ShutdownInATaskDoesNotWaitForThatTask) {
  Executor executor(options());
  std::atomic<bool> returned = false;
  executor
      .submit([&] {
        executor.shutdown();
        returned = true;
      })
      .get();
  EXPECT_TRUE(returned);
  EXPECT_TRUE(refuses(executor));
  executor.shutdown();
}

TEST_P(ExecutorEndTest, SubmitterThatWaitsForRoomIsReleasedByShutdown) {
  std::atomic<int> accepted = 0, ran = 0;
  std::atomic<bool> open = false;
  Executor executor({.processors = 1, .preemption = Preemption::kNone, .max_threads = 1, .queue_capacity = 1});
  executor.execute([&] {
    while (!open) testing::spin_a_little();
  });
  std::vector<std::thread> submitters;
  for (int i = 0; i < 4; ++i) {
    submitters.emplace_back([&] {
      try {
        executor.execute([&] { ++ran; });
        ++accepted;
      } catch (const std::runtime_error&) {
      }
    });
  }
  ASSERT_TRUE(eventually([&] { return accepted >= 1; }));
  std::thread ender([&] { executor.shutdown(); });
  std::this_thread::sleep_for(milliseconds(50));
  open = true;
  for (std::thread& submitter : submitters) submitter.join();
  ender.join();
  EXPECT_EQ(ran, accepted) << "what was accepted has run, what was refused has not";
}

}  // namespace
}  // namespace preempt
