// {.processors = 1, .preemption = kNone, .max_threads = 1} is a lock: two of its tasks never overlap, whatever they do.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "support/scale.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;

// Everything that lets another task run elsewhere.
void wait_somehow(int which) {
  switch (which % 6) {
    case 0:
      yield();
      break;
    case 1:
      PREEMPT_CHECKPOINT();
      break;
    case 2:
      sleep_for(microseconds(50));
      break;
    case 3: {
      const Blocking blocking;
      std::this_thread::sleep_for(microseconds(50));
      break;
    }
    case 4: {
      const Blocking blocking(kNow);
      std::this_thread::sleep_for(microseconds(50));
      break;
    }
    default:
      testing::busy_for(microseconds(20));
  }
}

TEST(NoOverlap, TasksRunOneAfterTheOther) {
  constexpr int kSubmitters = 8;
  const int tasks_each = testing::scaled(1000);
  std::atomic<bool> running = false;
  std::atomic<int> overlaps = 0;
  std::uint64_t unguarded = 0;
  {
    Executor executor({.processors = 1, .preemption = Preemption::kNone, .max_threads = 1});
    std::vector<std::thread> submitters;
    for (int submitter = 0; submitter < kSubmitters; ++submitter) {
      submitters.emplace_back([&, submitter] {
        for (int i = 0; i < tasks_each; ++i) {
          executor.execute([&, which = submitter + i] {
            if (running.exchange(true)) ++overlaps;
            const std::uint64_t before = unguarded;
            wait_somehow(which);
            unguarded = before + 1;
            running = false;
          });
        }
      });
    }
    for (std::thread& submitter : submitters) submitter.join();
    executor.drain();
    EXPECT_EQ(executor.stats().workers_peak, 1);
    EXPECT_EQ(executor.stats().signals_sent, 0u);
  }
  EXPECT_EQ(overlaps, 0);
  EXPECT_EQ(unguarded, static_cast<std::uint64_t>(kSubmitters * tasks_each));
}

}  // namespace
}  // namespace preempt
