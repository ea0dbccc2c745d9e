// The claimed/taken word under fire (src/core/README.md, "Taking a processor"): tasks of two executors fall asleep and
// wake at any moment, with and without Blocking, while the watchdogs look at them at a 20 us slice. Afterwards each
// processor must still be there, once: as many tasks as there are processors run at the same time, and no more.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "preempt/executor.h"
#include "support/scale.h"
#include "support/seed.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;
using testing::Random;

void fall_asleep(Random& random) {
  const auto time = static_cast<useconds_t>(random.below(120));
  switch (random.below(4)) {
    case 0: {
      const Blocking blocking;
      usleep(time);
      return;
    }
    case 1: {
      const Blocking blocking(kNow);
      usleep(time);
      return;
    }
    default:
      usleep(time);
  }
}

// Sleeps, computes, submits and yields in random order: each is another way into the scheduler, or another moment for
// the watchdog to claim.
void live(Executor& executor, Random random, std::atomic<int>& ended, int depth) {
  for (int turn = 0; turn < 8; ++turn) {
    fall_asleep(random);
    if (random.one_in(3)) testing::busy_for(microseconds(random.below(60)));
    if (random.one_in(4)) yield();
    if (depth == 0 && random.one_in(8)) {
      executor.execute([&executor, &ended, own = Random(random.next())] { live(executor, own, ended, 1); });
      --ended;  // one more to come
    }
  }
  ++ended;
}

// How many of `processors` + 1 tasks that neither sleep nor are preempted are there at the same time.
int at_once(Executor& executor, int processors) {
  std::atomic<int> begun = 0, inside = 0, most = 0;
  for (int i = 0; i <= processors; ++i) {
    executor.execute([&] {
      const NoPreempt stay;
      ++begun;
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      const auto end = std::chrono::steady_clock::now() + seconds(5);
      while (begun < processors && std::chrono::steady_clock::now() < end) testing::spin_a_little();
      testing::busy_for(microseconds(500));
      --inside;
    });
  }
  executor.drain();
  return most;
}

// What is wrong with a processor stays so. That a watchdog was late once does not.
void expect_each_processor_once(Executor& executor, int processors) {
  int counted = 0;
  for (int attempt = 0; attempt < 3 && counted != processors; ++attempt) counted = at_once(executor, processors);
  EXPECT_EQ(counted, processors);
}

class TakingAsync : public ::testing::TestWithParam<Preemption> {};

TEST_P(TakingAsync, EachProcessorHasOneOwner) {
  constexpr int kTasks = 40;
  const int rounds = testing::scaled(60);
  Random random(testing::choose_seed());
  const Options options = {
      .processors = 2, .time_slice = microseconds(20), .preemption = GetParam(), .max_threads = 80};
  Executor first(options), second(options);
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> ended = 0;
    for (int task = 0; task < kTasks; ++task) {
      Executor& executor = task % 2 == 0 ? first : second;
      executor.execute([&executor, &ended, own = Random(random.next())] { live(executor, own, ended, 0); });
    }
    first.drain();
    second.drain();
    ASSERT_EQ(ended, kTasks);
    expect_each_processor_once(first, options.processors);
    expect_each_processor_once(second, options.processors);
  }
  std::printf("%llu times a processor was handed on\n",
              static_cast<unsigned long long>(first.stats().handoffs + second.stats().handoffs));
  EXPECT_GT(first.stats().handoffs, 0u);
}

INSTANTIATE_TEST_SUITE_P(Modes, TakingAsync, ::testing::Values(Preemption::kNone, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
