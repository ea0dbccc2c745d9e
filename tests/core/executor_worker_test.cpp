// What tasks find on the thread that runs them, and how they let others run.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "preempt/executor.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using testing::eventually;

std::string name_of_this_thread() {
  char name[16] = {};
  pthread_getname_np(pthread_self(), name, sizeof(name));
  return name;
}

TEST(ExecutorWorkerTest, HooksRunOnceOnEachWorker) {
  thread_local int started_here = 0;
  std::atomic<int> started = 0, stopped = 0, wrong = 0;
  {
    Executor executor({.processors = 2,
                       .on_thread_start =
                           [&] {
                             if (++started_here != 1) ++wrong;
                             ++started;
                           },
                       .on_thread_stop =
                           [&] {
                             if (started_here != 1) ++wrong;
                             ++started_here;
                             ++stopped;
                           }});
    // Blocked tasks make it start more workers than there are processors.
    std::atomic<int> inside = 0;
    for (int i = 0; i < 6; ++i) {
      executor.execute([&] {
        if (started_here != 1) ++wrong;
        ++inside;
        while (inside < 6) sleep_for(milliseconds(1));
      });
    }
    executor.drain();
    EXPECT_GE(started, 2);
    EXPECT_EQ(stopped, 0);
  }
  EXPECT_EQ(stopped, started);
  EXPECT_EQ(wrong, 0);
}

TEST(ExecutorWorkerTest, ThreadsBearTheName) {
  Executor executor({.processors = 2, .name = "kitchen"});
  EXPECT_EQ(executor.submit(name_of_this_thread).get().substr(0, 7), "kitchen");
  Executor with_long_name({.processors = 1, .name = "a name longer than a thread's may be"});
  EXPECT_EQ(with_long_name.submit(name_of_this_thread).get().substr(0, 6), "a name");
}

TEST(ExecutorWorkerTest, IdleProcessorSteals) {
  Executor executor({.processors = 2});
  std::atomic<int> ran = 0;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  executor.execute([&] {
    for (int i = 0; i < 200; ++i) {
      executor.execute([&] {
        testing::busy_for(microseconds(100));
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
        ++ran;
      });
    }
    // This processor makes no progress with its own queue meanwhile.
    while (ran < 100) testing::spin_a_little();
  });
  executor.drain();
  EXPECT_EQ(ran, 200);
  EXPECT_GE(threads.size(), 1u);
  EXPECT_GT(executor.stats().steals, 0u);
}

TEST(ExecutorWorkerTest, SleepForSleepsLongEnoughAndLetsOthersRun) {
  Executor executor({.processors = 1});
  std::atomic<bool> other_ran = false, ran_meanwhile = false;
  const auto slept = executor
                         .submit([&] {
                           executor.execute([&] { other_ran = true; });
                           const auto begin = steady_clock::now();
                           sleep_for(milliseconds(300));
                           ran_meanwhile = other_ran.load();
                           return steady_clock::now() - begin;
                         })
                         .get();
  EXPECT_GE(slept, milliseconds(300));
  EXPECT_TRUE(ran_meanwhile);
}

TEST(ExecutorWorkerTest, SleepForOfNothingReturns) {
  Executor executor({.processors = 1});
  executor
      .submit([] {
        sleep_for(std::chrono::nanoseconds(0));
        sleep_for(std::chrono::nanoseconds(-5));
      })
      .get();
}

TEST(ExecutorWorkerTest, ManyTasksSleepAtTheSameTime) {
  Executor executor({.processors = 1});
  const auto begin = steady_clock::now();
  for (int i = 0; i < 50; ++i) executor.execute([] { sleep_for(milliseconds(200)); });
  executor.drain();
  EXPECT_LT(steady_clock::now() - begin, milliseconds(50 * 200)) << "one after the other";
}

TEST(ExecutorWorkerTest, BlockingLetsOthersRunAndNests) {
  for (const bool at_once : {false, true}) {
    Executor executor({.processors = 1});
    std::atomic<bool> other_ran = false;
    const bool ran_meanwhile = executor
                                   .submit([&] {
                                     executor.execute([&] { other_ran = true; });
                                     const auto wait = [&] {
                                       const Blocking inner;
                                       const Blocking innermost(kNow);
                                       return eventually([&] { return other_ran.load(); });
                                     };
                                     if (at_once) {
                                       const Blocking outer(kNow);
                                       return wait();
                                     }
                                     const Blocking outer;
                                     return wait();
                                   })
                                   .get();
    EXPECT_TRUE(ran_meanwhile) << "kNow " << at_once;
    EXPECT_EQ(executor.submit([] { return 1; }).get(), 1) << "the processor is there again";
  }
}

// The end of the scope waits for a processor: no more tasks compute than there are processors.
TEST(ExecutorWorkerTest, AfterBlockingATaskHasAProcessorOfItsOwn) {
  Executor executor({.processors = 1, .preemption = Preemption::kNone});
  std::atomic<int> computing = 0, most = 0;
  for (int i = 0; i < 40; ++i) {
    executor.execute([&, i] {
      {
        if (i % 2 == 0) {
          const Blocking blocking(kNow);
          std::this_thread::sleep_for(microseconds(300));
        } else {
          const Blocking blocking;
          std::this_thread::sleep_for(microseconds(300));
        }
      }
      const int now = ++computing;
      int before = most;
      while (before < now && !most.compare_exchange_weak(before, now)) {
      }
      testing::busy_for(microseconds(200));
      --computing;
    });
  }
  executor.drain();
  EXPECT_EQ(most, 1);
}

TEST(ExecutorWorkerTest, OffAWorkerTheScopesDoNothing) {
  const NoPreempt no_preempt;
  const Blocking blocking;
  const Blocking at_once(kNow);
  PREEMPT_CHECKPOINT();
  yield();
  const auto begin = steady_clock::now();
  sleep_for(milliseconds(5));
  EXPECT_GE(steady_clock::now() - begin, milliseconds(5));
}

class YieldTest : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(PinnedAndMigratable, YieldTest, ::testing::Values(false, true));

TEST_P(YieldTest, LetsAWaitingTaskRun) {
  Executor executor({.processors = 1, .preemption = Preemption::kCheckpoints, .migratable = GetParam()});
  std::atomic<int> others = 0;
  for (int round = 1; round <= 20; ++round) {
    std::atomic<bool> done = false;
    executor.execute([&] {
      executor.execute([&] { ++others; });
      while (others < round) yield();
      done = true;
    });
    ASSERT_TRUE(eventually([&] { return done.load(); })) << round;
  }
  executor.drain();
  EXPECT_GT(executor.stats().checkpoint_yields, 0u);
}

TEST_P(YieldTest, ReturnsWhenNobodyWaits) {
  Executor executor({.processors = 1, .migratable = GetParam()});
  executor
      .submit([] {
        for (int i = 0; i < 1000; ++i) yield();
      })
      .get();
}

// A preemption asked for inside NoPreempt happens at its end, and not before.
class NoPreemptTest : public ::testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(PinnedAndMigratable, NoPreemptTest, ::testing::Values(false, true));

void expect_request_kept_for_the_end(Executor& executor, bool checkpoint_inside) {
  std::atomic<int> honoured_late = 0, not_honoured = 0;
  for (int round = 0; round < 10; ++round) {
    executor.execute([&] {
      std::atomic<bool> other_ran = false;
      {
        const NoPreempt outer;
        executor.execute([&] { other_ran = true; });
        {
          const NoPreempt inner;
          testing::busy_for(milliseconds(5));
          if (checkpoint_inside) PREEMPT_CHECKPOINT();
        }
        testing::busy_for(milliseconds(15));
        if (checkpoint_inside) PREEMPT_CHECKPOINT();
        if (other_ran) ++not_honoured;
      }
      if (!other_ran) ++honoured_late;
      while (!other_ran) yield();
    });
    executor.drain();
  }
  EXPECT_EQ(not_honoured, 0) << "another task ran on the only processor inside the scope";
  // The first time there may be no thread yet that could go on with the processor.
  EXPECT_LE(honoured_late, 2);
}

TEST_P(NoPreemptTest, KeepsACheckpointFromYielding) {
  for (const bool checkpoint_inside : {false, true}) {
    Executor executor({.processors = 1, .preemption = Preemption::kCheckpoints, .migratable = GetParam()});
    expect_request_kept_for_the_end(executor, checkpoint_inside);
  }
}

TEST_P(NoPreemptTest, KeepsASignalFromPreemptingAsync) {
  for (const bool checkpoint_inside : {false, true}) {
    Executor executor({.processors = 1, .migratable = GetParam()});
    expect_request_kept_for_the_end(executor, checkpoint_inside);
    EXPECT_GT(executor.stats().verdict(Verdict::kNoPreempt), 0u);
  }
}

}  // namespace
}  // namespace preempt
