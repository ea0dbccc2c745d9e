// A handler that is installed over the executor's while it runs (a Go library does so when it is loaded) takes the
// preemption away. It is kept, said once, and checkpoints go on. One that forwards takes nothing away.
//
// The handlers stay where they are at the end of a case, so each is a process of its own.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <string>

#include "preempt/executor.h"
#include "support/child.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/wait.h"

namespace preempt {
namespace {

using testing::eventually;
using testing::Hogs;
using testing::LogLines;

std::atomic<int> arrived_before = 0;  // at the handler from before the executor
std::atomic<int> arrived_over = 0;    // at the one over the executor's
struct sigaction executors_action = {};

void handler_before(int) { ++arrived_before; }

void handler_over(int, siginfo_t*, void*) { ++arrived_over; }

void forwarding_handler_over(int signal, siginfo_t* info, void* context) {
  ++arrived_over;
  executors_action.sa_sigaction(signal, info, context);
}

void install_before() {
  struct sigaction action = {};
  action.sa_handler = handler_before;
  ASSERT_EQ(sigaction(SIGURG, &action, nullptr), 0);
}

void install_over(void (*handler)(int, siginfo_t*, void*)) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  ASSERT_EQ(sigaction(SIGURG, &action, &executors_action), 0);
}

auto installed() {
  struct sigaction action = {};
  sigaction(SIGURG, nullptr, &action);
  return action.sa_sigaction;
}

Options one_processor(const LogLines& log) {
  return {.processors = 1, .time_slice = std::chrono::microseconds(100), .on_log = log.sink()};
}

// On one processor: a task that passes checkpoints lets a second one run.
bool checkpoint_lets_another_run(Executor& executor) {
  std::atomic<bool> second_ran = false;
  std::atomic<bool> seen = false;
  executor.execute([&] {
    executor.execute([&] { second_ran = true; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!second_ran && std::chrono::steady_clock::now() < end) PREEMPT_CHECKPOINT();
    seen = second_ran.load();
  });
  executor.drain();
  return seen;
}

// Runs a case in a child; "" when no expectation of it failed.
std::string in_a_process_of_its_own(void (*body)()) {
  return testing::run_in_child([body] {
    body();
    return !::testing::Test::HasFailure();
  });
}

void is_kept_and_said_once() {
  install_before();
  const LogLines log;
  {
    Executor executor(one_processor(log));
    {
      Hogs hogs(executor, 3);
      ASSERT_TRUE(testing::more_thread_preemptions(executor, 20));
      install_over(handler_over);
      EXPECT_TRUE(eventually([&] { return executor.stats().verdict(Verdict::kUnanswered) > 0; }));
      EXPECT_TRUE(eventually([&] { return log.count("Options::signal") > 0; }));
      // Time for many requests more, and for the second line that must not come.
      const std::uint64_t preemptions = executor.stats().thread_preemptions;
      usleep(300'000);
      EXPECT_EQ(log.count("Options::signal"), 1) << log.text();
      EXPECT_EQ(executor.stats().thread_preemptions, preemptions);
    }
    executor.drain();
    EXPECT_TRUE(checkpoint_lets_another_run(executor));
  }
  EXPECT_EQ(reinterpret_cast<void*>(installed()), reinterpret_cast<void*>(handler_over));
  arrived_over = 0;
  raise(SIGURG);
  EXPECT_EQ(arrived_over, 1);
}

void forwarding_one_takes_nothing_away() {
  install_before();
  const LogLines log;
  {
    Executor executor(one_processor(log));
    Hogs hogs(executor, 3);
    ASSERT_TRUE(testing::more_thread_preemptions(executor, 20));
    install_over(forwarding_handler_over);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 200));
    EXPECT_GT(arrived_over, 100);
    EXPECT_EQ(arrived_before, 0);
    raise(SIGURG);
    EXPECT_EQ(arrived_before, 1);
    EXPECT_EQ(log.count("Options::signal"), 0) << log.text();
  }
  // The executor's handler may not go while somebody forwards to it: it stays and forwards in its turn.
  EXPECT_EQ(reinterpret_cast<void*>(installed()), reinterpret_cast<void*>(forwarding_handler_over));
  arrived_over = 0;
  raise(SIGURG);
  EXPECT_EQ(arrived_over, 1);
  EXPECT_EQ(arrived_before, 2);
}

// The second executor may take the signal again or leave it, but not without a word.
void next_executor_preempts_or_says_so() {
  install_before();
  const LogLines log, log_of_next;
  {
    Executor executor(one_processor(log));
    Hogs hogs(executor, 3);
    ASSERT_TRUE(testing::more_thread_preemptions(executor, 20));
    install_over(handler_over);
    EXPECT_TRUE(eventually([&] { return log.count("Options::signal") > 0; }));
  }
  Executor next(one_processor(log_of_next));
  {
    Hogs hogs(next, 3);
    EXPECT_TRUE(
        eventually([&] { return next.stats().thread_preemptions > 20 || log_of_next.count("Options::signal") > 0; }));
  }
  next.drain();
  EXPECT_TRUE(checkpoint_lets_another_run(next));
}

TEST(ReplacedHandlerAsync, IsKeptAndSaidOnce) { EXPECT_EQ(in_a_process_of_its_own(is_kept_and_said_once), ""); }

TEST(ReplacedHandlerAsync, ForwardingOneTakesNothingAway) {
  EXPECT_EQ(in_a_process_of_its_own(forwarding_one_takes_nothing_away), "");
}

TEST(ReplacedHandlerAsync, NextExecutorPreemptsOrSaysSo) {
  EXPECT_EQ(in_a_process_of_its_own(next_executor_preempts_or_says_so), "");
}

}  // namespace
}  // namespace preempt
