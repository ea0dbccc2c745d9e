// Submissions and waits from threads that are not the executor's own: one that takes signals by sigwait, the threads
// and the tasks of another executor.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>

#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/scale.h"
#include "support/wait.h"

namespace preempt {
namespace {

using testing::eventually;
using testing::scaled;

// As a program does whose signals all come to one thread: blocked before any thread is made.
TEST(ForeignThreads, ThreadThatTakesSignalsBySigwait) {
  sigset_t taken, former;
  sigfillset(&taken);
  pthread_sigmask(SIG_BLOCK, &taken, &former);
  Executor executor({.processors = 1});
  const int count = scaled(100);
  std::atomic<int> ran = 0;
  std::thread taker([&] {
    for (int i = 0; i < count; ++i) {
      int signal = 0;
      sigset_t wanted;
      sigemptyset(&wanted);
      sigaddset(&wanted, SIGUSR1);
      ASSERT_EQ(sigwait(&wanted, &signal), 0);
      executor.execute([&] { ++ran; });
    }
  });
  for (int i = 0; i < count; ++i) {
    kill(getpid(), SIGUSR1);
    EXPECT_TRUE(eventually([&] { return ran == i + 1; }));
  }
  taker.join();
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

TEST(ForeignThreads, StartAndEndOfAnotherExecutorsThreads) {
  std::atomic<int> started = 0, stopped = 0, ran = 0;
  Executor executor({.processors = 1});
  const auto submit_and_count = [&](std::atomic<int>& count) {
    ++count;
    executor.execute([&] { ++ran; });
  };
  {
    Executor other({.processors = 4,
                    .on_thread_start = [&] { submit_and_count(started); },
                    .on_thread_stop = [&] { submit_and_count(stopped); }});
    EXPECT_TRUE(eventually([&] { return started >= 4; }));
  }
  executor.drain();
  EXPECT_EQ(started, stopped);
  EXPECT_EQ(ran, started + stopped);
}

TEST(ForeignThreads, TasksOfTwoExecutorsSubmitToEachOther) {
  Executor left({.processors = 1}), right({.processors = 2});
  const int count = scaled(1000);
  std::atomic<int> ran = 0;
  for (int i = 0; i < count; ++i) {
    left.execute([&] {
      ++ran;
      right.execute([&] {
        ++ran;
        left.execute([&] { ++ran; });
      });
    });
  }
  EXPECT_TRUE(eventually([&] { return ran == 3 * count; }));
}

// How many tasks, of either executor in turn, waited for the next.
int back_and_forth(Executor& here, Executor& there, int depth) {
  if (depth == 0) return 0;
  return 1 + there.submit([&, depth] { return back_and_forth(there, here, depth - 1); }).get();
}

// The same by our own futures, which set migratable tasks aside.
int back_and_forth_async(Executor& here, Executor& there, int depth) {
  if (depth == 0) return 0;
  return 1 + there.async([&, depth] { return back_and_forth_async(there, here, depth - 1); }).get();
}

class AcrossExecutors : public ::testing::TestWithParam<Preemption> {
 protected:
  static Options options(bool migratable = false) {
    return {.processors = 1, .preemption = GetParam(), .max_threads = 64, .migratable = migratable};
  }
};

TEST_P(AcrossExecutors, NestedWaits) {
  Executor left(options()), right(options());
  EXPECT_EQ(back_and_forth(left, right, 20), 20);
  // Every one but the last waits, and each second one is of the same executor.
  EXPECT_GT(left.stats().handoffs, 0u);
  EXPECT_GT(right.stats().handoffs, 0u);
}

TEST_P(AcrossExecutors, NestedWaitsOfPinnedAndMigratableTasks) {
  for (const bool left_migratable : {false, true}) {
    for (const bool right_migratable : {false, true}) {
      Executor left(options(left_migratable)), right(options(right_migratable));
      EXPECT_EQ(back_and_forth_async(left, right, 20), 20);
    }
  }
}

// Regression: a task that was woken ran and ended, and its executor with it, while the thread that woke it still looked
// for a processor there.
TEST_P(AcrossExecutors, WakerIsLateWhenTheExecutorEnds) {
  Executor wakers(options());
  const int rounds = scaled(300);
  for (int i = 0; i < rounds; ++i) {
    Latch woken_by_worker(1), woken_by_thread(1);
    std::thread thread;
    {
      Executor sleepers(options(true));
      sleepers.execute([&] { woken_by_worker.wait(); });
      sleepers.execute([&] { woken_by_thread.wait(); });
      wakers.execute([&] { woken_by_worker.count_down(); });
      thread = std::thread([&] { woken_by_thread.count_down(); });
    }
    thread.join();
    wakers.drain();
  }
}

TEST_P(AcrossExecutors, MutexAndConditionVariableBetweenTwo) {
  Executor left(options(true)), right(options());
  const int turns = scaled(100);
  Mutex mutex;
  ConditionVariable changed;
  int turn = 0;  // guarded by mutex
  const auto take_turns = [&](int own) {
    for (int i = 0; i < turns; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return turn % 2 == own; });
      ++turn;
      changed.notify_all();
    }
  };
  left.execute([&] { take_turns(0); });
  right.execute([&] { take_turns(1); });
  left.drain();
  right.drain();
  EXPECT_EQ(turn, 2 * turns);
}

// drain() in a task of another executor: that one's processor goes on meanwhile.
TEST_P(AcrossExecutors, DrainInATaskOfAnother) {
  Executor here(options()), other(options());
  std::atomic<bool> ran = false;
  here.execute([&] {
    other.execute([&] { here.submit([&] { ran = true; }).get(); });
    other.drain();
    EXPECT_TRUE(ran);
  });
  here.drain();
  EXPECT_TRUE(ran);
}

// A task waits for room in the queue of an executor whose only task, for which there is no second thread, waits for one
// that stands behind the first.
TEST_P(AcrossExecutors, WaitForRoomInTheQueueOfAnother) {
  Executor here(options());
  Executor full({.processors = 1, .preemption = GetParam(), .max_threads = 1, .queue_capacity = 1});
  std::atomic<bool> is_full = false;
  std::atomic<int> ran = 0;
  full.execute([&] {
    EXPECT_TRUE(eventually([&] { return is_full.load(); }));
    here.submit([&] { ++ran; }).get();
  });
  here.execute([&] {
    while (!full.try_execute([&] { ++ran; })) std::this_thread::yield();  // until the first task has begun
    is_full = true;
    full.execute([&] { ++ran; });
  });
  here.drain();
  full.drain();
  EXPECT_EQ(ran, 3);
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, AcrossExecutors,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
