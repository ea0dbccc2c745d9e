// A program that uses signals itself, beside preempted tasks: SIGCHLD, SIGALRM, timers of timer_create(2) in each of
// their kinds, and a thread that takes signals by sigwait. Nothing of theirs is lost, and tasks are preempted as ever.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using testing::eventually;
using testing::Hogs;
using testing::scaled;

constexpr int kHogs = 4;

// An executor with hogs, and a handler for one signal that may come to any of its workers: not to this thread.
class SignalUsersAsync : public ::testing::Test {
 protected:
  ~SignalUsersAsync() override {
    hogs_.stop();
    executor_.drain();
    if (signal_ == 0) return;
    // First one that is ignored, or what is still pending would meet the default action.
    signal(signal_, SIG_IGN);
    sigaction(signal_, &former_action_, nullptr);
    pthread_sigmask(SIG_SETMASK, &former_mask_, nullptr);
  }

  void handle(int signal, void (*handler)(int, siginfo_t*, void*)) {
    signal_ = signal;
    struct sigaction action = {};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(signal, &action, &former_action_);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_BLOCK, &only, &former_mask_);
  }

  void expect_tasks_to_go_on() {
    const auto before = hogs_.turns();
    EXPECT_TRUE(eventually([&] { return hogs_.all_moved_since(before); }));
    EXPECT_TRUE(testing::more_thread_preemptions(executor_, 50));
  }

  Executor executor_{{.processors = 2, .time_slice = std::chrono::microseconds(100)}};
  Hogs hogs_{executor_, kHogs};

 private:
  int signal_ = 0;
  struct sigaction former_action_ = {};
  sigset_t former_mask_ = {};
};

// What the handlers count. Lock-free, so that they may.
std::atomic<int> reaped, wrong, ticks, elsewhere;
std::atomic<pid_t> target;

void reap(int, siginfo_t*, void*) {
  const int saved_errno = errno;
  int status = 0;
  while (waitpid(-1, &status, WNOHANG) > 0) {
    ++reaped;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 7) ++wrong;
  }
  errno = saved_errno;
}

void count_tick(int, siginfo_t*, void*) { ++ticks; }

void count_tick_of_target(int, siginfo_t*, void*) {
  ++ticks;
  if (gettid() != target) ++elsewhere;
}

TEST_F(SignalUsersAsync, SigchldHandlerReapsEveryChild) {
  constexpr int kTasks = 4;
  const int each = scaled(20);
  reaped = wrong = 0;
  handle(SIGCHLD, reap);
  std::atomic<int> failed = 0;
  for (int task = 0; task < kTasks; ++task) {
    executor_.execute([&] {
      for (int i = 0; i < each; ++i) {
        testing::busy_for(std::chrono::microseconds(150));
        const pid_t child = fork();
        if (child == 0) _exit(7);
        if (child == -1) ++failed;
      }
    });
  }
  EXPECT_TRUE(eventually([&] { return reaped + failed == kTasks * each; })) << reaped << " reaped";
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(wrong, 0);
  expect_tasks_to_go_on();
}

TEST_F(SignalUsersAsync, SigalrmOfAnIntervalTimer) {
  ticks = 0;
  handle(SIGALRM, count_tick);
  const itimerval each_millisecond = {.it_interval = {0, 1000}, .it_value = {0, 1000}};
  setitimer(ITIMER_REAL, &each_millisecond, nullptr);
  const int count = scaled(200);
  EXPECT_TRUE(eventually([&] { return ticks >= count; })) << ticks << " ticks";
  expect_tasks_to_go_on();
  const itimerval off = {};
  setitimer(ITIMER_REAL, &off, nullptr);
}

// A timer of timer_create(2) that fires every millisecond.
class Timer {
 public:
  explicit Timer(sigevent event) {
    made_ = timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const itimerspec each_millisecond = {.it_interval = {0, 1'000'000}, .it_value = {0, 1'000'000}};
    started_ = made_ && timer_settime(timer_, 0, &each_millisecond, nullptr) == 0;
  }
  ~Timer() {
    if (made_) timer_delete(timer_);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  bool started() const { return started_; }

 private:
  timer_t timer_ = {};
  bool made_ = false, started_ = false;
};

TEST_F(SignalUsersAsync, TimerThatSignalsTheProcess) {
  ticks = 0;
  handle(SIGRTMIN + 1, count_tick);
  sigevent event = {};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGRTMIN + 1;
  const Timer timer(event);
  ASSERT_TRUE(timer.started());
  const int count = scaled(200);
  EXPECT_TRUE(eventually([&] { return ticks >= count; })) << ticks << " ticks";
  expect_tasks_to_go_on();
}

// The thread of one pinned task: it answers also while it is stopped.
TEST_F(SignalUsersAsync, TimerThatSignalsTheThreadOfATask) {
  ticks = elsewhere = 0;
  target = 0;
  handle(SIGRTMIN + 2, count_tick_of_target);
  const auto stop = std::make_shared<std::atomic<bool>>(false);  // the task may end after the test
  executor_.execute([stop] {
    target = gettid();
    while (!*stop) testing::spin_a_little();
  });
  EXPECT_TRUE(eventually([&] { return target != 0; }));
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = SIGRTMIN + 2;
#ifdef sigev_notify_thread_id
  event.sigev_notify_thread_id = target;
#else
  event._sigev_un._tid = target;
#endif
  {
    const Timer timer(event);
    ASSERT_TRUE(timer.started());
    const int count = scaled(200);
    EXPECT_TRUE(eventually([&] { return ticks >= count; })) << ticks << " ticks";
    expect_tasks_to_go_on();
  }
  *stop = true;
  EXPECT_EQ(elsewhere, 0);
}

// glibc makes a thread for each time that it fires.
TEST_F(SignalUsersAsync, TimerThatMakesThreads) {
  ticks = 0;
  sigevent event = {};
  event.sigev_notify = SIGEV_THREAD;
  event.sigev_notify_function = [](sigval) { ++ticks; };
  {
    const Timer timer(event);
    ASSERT_TRUE(timer.started());
    const int count = scaled(50);
    EXPECT_TRUE(eventually([&] { return ticks >= count; })) << ticks << " ticks";
    expect_tasks_to_go_on();
  }
}

// All signals are blocked where the executor is made and where tasks are submitted; workers take ours nevertheless.
TEST(SigwaitAsync, TasksArePreemptedInAProgramThatBlocksAllSignals) {
  sigset_t all, former;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &former);
  {
    Executor executor({.processors = 1, .time_slice = std::chrono::microseconds(100)});
    const Hogs hogs(executor, kHogs);
    std::atomic<int> ran = 0;
    std::thread taker([&] {
      sigset_t wanted;
      sigemptyset(&wanted);
      sigaddset(&wanted, SIGTERM);
      int signal = 0;
      EXPECT_EQ(sigwait(&wanted, &signal), 0);
      executor.execute([&] { ++ran; });
    });
    EXPECT_TRUE(hogs.all_begun());
    kill(getpid(), SIGTERM);
    EXPECT_TRUE(eventually([&] { return ran == 1; }));
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 50));
    taker.join();
  }
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

}  // namespace
}  // namespace preempt
