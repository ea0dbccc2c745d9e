// What an executor must still do where the kernel or a sandbox refuses it something.
#ifndef PREEMPT_TESTS_SUPPORT_CRIPPLED_H_
#define PREEMPT_TESTS_SUPPORT_CRIPPLED_H_

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <string_view>

#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/log_lines.h"
#include "support/scale.h"
#include "support/wait.h"

namespace preempt::testing {

// Tasks that compute, sleep, yield and wait for each other's mutex, on two processors; all end.
inline void expect_every_task_to_end(Executor& executor) {
  const int count = scaled(200);
  std::atomic<int> ended = 0;
  Mutex mutex;
  for (int i = 0; i < count; ++i) {
    executor.execute([&, i] {
      busy_for(std::chrono::microseconds(100));
      if (i % 10 == 0) usleep(1000);
      PREEMPT_CHECKPOINT();
      yield();
      {
        const std::lock_guard lock(mutex);
        if (i % 20 == 0) sleep_for(std::chrono::microseconds(500));
      }
      ++ended;
    });
  }
  executor.drain();
  EXPECT_EQ(ended, count);
}

// How many tasks waited for each other, each in a scope that gives the processor away at once.
inline int wait_in_scope_for_the_next(Executor& executor, int depth) {
  if (depth == 0) return 0;
  const auto wait_for_others = [&executor, depth] { return wait_in_scope_for_the_next(executor, depth - 1); };
  std::future<int> next = executor.submit(wait_for_others);
  const Blocking here(kNow);
  return 1 + next.get();
}

inline void expect_explicit_hand_off(Executor& executor) {
  const std::uint64_t before = executor.stats().handoffs;
  EXPECT_EQ(wait_in_scope_for_the_next(executor, 20), 20);
  // The outermost wait is this thread's, which is no worker.
  EXPECT_GE(executor.stats().handoffs, before + 19);
}

// All of the above by executors of one and two processors, each of which says the line with `part` in it once.
inline bool works_and_says_once(Preemption preemption, std::string_view part) {
  for (const int processors : {1, 2}) {
    const LogLines log;
    {
      Executor executor({.processors = processors,
                         .time_slice = std::chrono::microseconds(100),
                         .preemption = preemption,
                         .max_threads = 64,
                         .on_log = log.sink()});
      expect_every_task_to_end(executor);
      expect_explicit_hand_off(executor);
      expect_every_task_to_end(executor);
    }
    EXPECT_EQ(log.count(part), 1) << log.text();
  }
  return !::testing::Test::HasFailure();
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_CRIPPLED_H_
