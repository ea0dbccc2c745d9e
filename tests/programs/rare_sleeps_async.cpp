// A task that sleeps now and then among many short ones does not keep the watchdog looking for sleepers all the time.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using testing::busy_for;
using testing::eventually;

// Runs `body` again and again, each time as a fresh task.
class Repeated {
 public:
  Repeated(Executor& executor, void (*body)()) : executor_(executor), body_(body) { submit(); }
  ~Repeated() {
    stop_ = true;
    EXPECT_TRUE(eventually([this] { return ended_.load(); }));
  }

 private:
  void submit() {
    executor_.execute([this] {
      body_();
      if (stop_) {
        ended_ = true;
      } else {
        submit();
      }
    });
  }

  Executor& executor_;
  void (*const body_)();
  std::atomic<bool> stop_ = false, ended_ = false;
};

TEST(RareSleepsAsync, WatchdogIsCalmBetweenThem) {
#ifdef PREEMPT_EAGER
  GTEST_SKIP() << "an eager build asks for a preemption at each look";
#endif
  Executor executor({.processors = 1});
  const Repeated first(executor, [] { busy_for(std::chrono::microseconds(100)); });
  const Repeated second(executor, [] { busy_for(std::chrono::microseconds(100)); });
  constexpr int kSleeps = 40;
  const Stats before = executor.stats();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < kSleeps; ++i) {
    std::this_thread::sleep_for(milliseconds(50));
    executor.submit([] { usleep(20'000); }).get();
  }
  const auto elapsed = std::chrono::steady_clock::now() - begin;
  const Stats after = executor.stats();
  EXPECT_GT(after.handoffs - before.handoffs, kSleeps / 2u);  // they are found all the same
  // One look in a millisecond, and sixteen more for each sleep; twice as many are no fault. There were ten in each
  // millisecond.
  const auto looks = static_cast<std::uint64_t>(elapsed / milliseconds(1)) + 16 * kSleeps;
  EXPECT_LT(after.watchdog_wakeups - before.watchdog_wakeups, 2 * looks);
}

}  // namespace
}  // namespace preempt
