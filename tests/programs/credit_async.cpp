// What a task does after its Blocking scope when its processor was given to another: under kEverywhere it goes on at
// once, if its bursts are short, and is called back if this one is not.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::busy_for;
using testing::spin_a_little;

// One processor, which a hog wants all the time.
class CreditAsync : public ::testing::TestWithParam<Preemption> {
 protected:
  CreditAsync() {
    executor_.execute([this] {
      while (!done_) PREEMPT_CHECKPOINT();
    });
  }
  ~CreditAsync() override { done_ = true; }

  template <class Body>
  void run_beside_the_hog(Body body, TaskOptions options = {}) {
    executor_.submit(body, options).get();
  }

  std::atomic<bool> done_ = false;
  Executor executor_{{.processors = 1, .preemption = GetParam()}};
};

class CreditEverywhereAsync : public CreditAsync {};
class CreditAtCheckpointsAsync : public CreditAsync {};

TEST_P(CreditEverywhereAsync, ShortBurstsNeedNoProcessor) {
  constexpr std::uint64_t kBlocks = 100;
  run_beside_the_hog([] {
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      {
        const Blocking scope(kNow);
        usleep(100);
      }
      busy_for(microseconds(10));
    }
  });
  // A hundred bursts of 10 us are about one slice.
  EXPECT_LT(executor_.stats().returns_queued, kBlocks / 2);
}

TEST_P(CreditEverywhereAsync, WhoComputesForLongIsCalledBack) {
  run_beside_the_hog([this] {
    // Now and then it queues at once, as when its first burst was long.
    const std::uint64_t credits = executor_.stats().returns_on_credit;
    std::uint64_t before = 0;
    for (int i = 0; i < 1000 && executor_.stats().returns_on_credit == credits; ++i) {
      const Blocking scope(kNow);
      before = executor_.stats().returns_queued;
      usleep(100);
    }
    ASSERT_GT(executor_.stats().returns_on_credit, credits);
    const auto limit = std::chrono::steady_clock::now() + seconds(20);
    while (executor_.stats().returns_queued == before && std::chrono::steady_clock::now() < limit) spin_a_little();
    EXPECT_GT(executor_.stats().returns_queued, before);
  });
}

TEST_P(CreditEverywhereAsync, LongBurstsQueue) {
  constexpr int kBlocks = 20;
  run_beside_the_hog([] {
    for (int i = 0; i < kBlocks; ++i) {
      testing::busy_cpu_for(std::chrono::milliseconds(1));
      const Blocking scope(kNow);
      usleep(100);
    }
  });
  // Not none: the first ones are given credit before it is seen how long they compute.
  EXPECT_LT(executor_.stats().returns_on_credit, static_cast<std::uint64_t>(kBlocks / 2));
}

TEST_P(CreditEverywhereAsync, BackgroundTasksQueue) {
  run_beside_the_hog(
      [] {
        for (int i = 0; i < 10; ++i) {
          const Blocking scope(kNow);
          usleep(100);
        }
      },
      {.priority = Priority::kBackground});
  EXPECT_EQ(executor_.stats().returns_on_credit, 0u);
}

// Nothing else waits: the watchdog had no other reason to look.
TEST_P(CreditEverywhereAsync, WatchdogDoesNotSleepMeanwhile) {
  done_ = true;
  executor_.drain();
  for (int round = 0; round < 3; ++round) {
    done_ = false;
    std::atomic<bool> sleeps = false;
    const std::uint64_t before = executor_.stats().returns_queued;
    executor_.execute([&] {
      {
        const Blocking scope(kNow);
        sleeps = true;
        usleep(20'000);
      }
      const auto limit = std::chrono::steady_clock::now() + seconds(20);
      while (executor_.stats().returns_queued == before && std::chrono::steady_clock::now() < limit) spin_a_little();
      EXPECT_GT(executor_.stats().returns_queued, before);
      done_ = true;
    });
    while (!sleeps) usleep(100);
    usleep(5'000);  // time to fall asleep
    executor_.execute([&] {
      while (!done_) spin_a_little();
    });
    executor_.drain();
  }
}

// Nothing would call it back.
TEST_P(CreditAtCheckpointsAsync, EveryReturnQueues) {
  constexpr std::uint64_t kBlocks = 20;
  run_beside_the_hog([] {
    for (std::uint64_t i = 0; i < kBlocks; ++i) {
      const Blocking scope(kNow);
      usleep(100);
    }
  });
  const Stats stats = executor_.stats();
  EXPECT_EQ(stats.returns_queued + stats.returns_idle, kBlocks);
}

INSTANTIATE_TEST_SUITE_P(Preemptions, CreditEverywhereAsync, ::testing::Values(Preemption::kEverywhere));
INSTANTIATE_TEST_SUITE_P(Preemptions, CreditAtCheckpointsAsync, ::testing::Values(Preemption::kCheckpoints));

}  // namespace
}  // namespace preempt
