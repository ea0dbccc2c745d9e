// What a task does after its Blocking scope when its processor was given to another: under kEverywhere it goes on at
// once, but not for longer than a slice of cpu time.
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
  void run_beside_the_hog(Body body) {
    executor_.submit(body).get();
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
    {
      const Blocking scope(kNow);
      usleep(100);
    }
    const std::uint64_t before = executor_.stats().returns_queued;
    const auto limit = std::chrono::steady_clock::now() + seconds(20);
    while (executor_.stats().returns_queued == before && std::chrono::steady_clock::now() < limit) spin_a_little();
    EXPECT_GT(executor_.stats().returns_queued, before);
  });
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
