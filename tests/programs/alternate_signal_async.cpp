// Options::signal: another signal than SIGURG serves as well, and a task that blocks it keeps its processor and harms
// nobody else.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <string>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using testing::busy_for;
using testing::eventually;
using testing::Hogs;
using testing::scaled;

// While one lives, the thread blocks the signal.
class Blocked {
 public:
  explicit Blocked(int signal) {
    sigemptyset(&set_);
    sigaddset(&set_, signal);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  ~Blocked() { pthread_sigmask(SIG_UNBLOCK, &set_, nullptr); }
  Blocked(const Blocked&) = delete;
  Blocked& operator=(const Blocked&) = delete;

 private:
  sigset_t set_;
};

class AlternateSignalAsync : public ::testing::TestWithParam<int> {
 protected:
  static Options with_signal(int processors) {
    return {.processors = processors, .time_slice = std::chrono::microseconds(100), .signal = GetParam()};
  }
};

TEST_P(AlternateSignalAsync, PreemptsAHog) {
  Executor executor(with_signal(1));
  Hogs hogs(executor, 3);
  EXPECT_TRUE(hogs.all_begun());
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 200));
}

TEST_P(AlternateSignalAsync, LeavesOtherSignalsAlone) {
  const Executor executor(with_signal(1));
  for (const int signal : {SIGURG, SIGUSR2, SIGRTMIN + 3}) {
    struct sigaction action = {};
    sigaction(signal, nullptr, &action);
    EXPECT_EQ(action.sa_handler != SIG_DFL, signal == GetParam()) << signal;
  }
}

// On one processor: nobody runs in a blocking task's place, and the waiting one runs when it blocks no more.
TEST_P(AlternateSignalAsync, TaskThatBlocksItIsNotPreempted) {
  Executor executor(with_signal(1));
  for (int round = 0; round < scaled(10); ++round) {
    std::atomic<bool> blocking = false;
    std::atomic<bool> second_waits = false;
    std::atomic<bool> second_ran = false;
    std::atomic<bool> ran_while_blocked = true;
    std::atomic<bool> ran_afterwards = false;
    executor.execute([&] {
      {
        const Blocked blocked(GetParam());
        blocking = true;
        while (!second_waits) testing::spin_a_little();
        busy_for(milliseconds(10));
        ran_while_blocked = second_ran.load();
      }
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
      while (!second_ran && std::chrono::steady_clock::now() < end) testing::spin_a_little();
      ran_afterwards = second_ran.load();
    });
    EXPECT_TRUE(eventually([&] { return blocking.load(); }));
    executor.execute([&] { second_ran = true; });
    second_waits = true;
    executor.drain();
    EXPECT_FALSE(ran_while_blocked);
    EXPECT_TRUE(ran_afterwards);
  }
  EXPECT_GT(executor.stats().verdict(Verdict::kUnanswered), 0u);
  EXPECT_GT(executor.stats().thread_preemptions, 0u);
}

TEST_P(AlternateSignalAsync, OthersGoOnBesideATaskThatBlocksIt) {
  std::atomic<bool> stop = false;
  std::atomic<bool> begun = false;
  Executor executor(with_signal(2));
  Hogs hogs(executor, 4);
  ASSERT_TRUE(hogs.all_begun());
  executor.execute([&] {
    const Blocked blocked(GetParam());
    begun = true;
    while (!stop) testing::spin_a_little();
  });
  EXPECT_TRUE(eventually([&] { return begun.load(); }));
  const auto before = hogs.turns();
  EXPECT_TRUE(eventually([&] { return hogs.all_moved_since(before); }));
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
  EXPECT_TRUE(eventually([&] { return executor.stats().verdict(Verdict::kUnanswered) > 0; }));
  stop = true;
}

std::string name_of(const ::testing::TestParamInfo<int>& info) {
  if (info.param == SIGURG) return "Urg";
  return info.param == SIGUSR2 ? "Usr2" : "Realtime";
}

INSTANTIATE_TEST_SUITE_P(Signals, AlternateSignalAsync, ::testing::Values(SIGURG, SIGUSR2, SIGRTMIN + 3), name_of);

}  // namespace
}  // namespace preempt
