// A hundred tasks want a lock whose holder is stopped, on one processor with three threads: the stopped holder goes
// before fresh tasks, or these would eat every thread and wait for ever.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "preempt/executor.h"
#include "signal/observer.h"
#include "support/scale.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;

thread_local volatile bool holds_lock = false;
std::atomic<int> stopped_holders = 0;

void count_stopped_holders(const ucontext_t&, Verdict verdict) {
  if (verdict == Verdict::kThreadSwitch && holds_lock) ++stopped_holders;
}

TEST(MutexOfStoppedAsync, HundredTasksThatWantItAllFinish) {
  constexpr int kTasks = 100;
  const int rounds = testing::scaled(10);
  signal::set_observer(count_stopped_holders);
  std::mutex mutex;
  int inside = 0;  // guarded by mutex
  {
    Executor executor({.processors = 1, .max_threads = 3});
    for (int round = 0; round < rounds; ++round) {
      std::atomic<bool> held = false;
      executor.execute([&] {
        const std::lock_guard lock(mutex);
        holds_lock = true;
        held = true;
        testing::busy_cpu_for(milliseconds(20));
        holds_lock = false;
      });
      ASSERT_TRUE(testing::eventually([&] { return held.load(); }));
      for (int i = 0; i < kTasks; ++i) {
        executor.execute([&] {
          const std::lock_guard lock(mutex);
          ++inside;
        });
      }
      executor.drain();
    }
    EXPECT_LE(executor.stats().workers_peak, 3);
  }
  signal::set_observer(nullptr);
  EXPECT_EQ(inside, kTasks * rounds);
  EXPECT_GT(stopped_holders, 0) << "no holder of the lock was ever stopped";
}

}  // namespace
}  // namespace preempt
