// The way in which a garbage collector (Boehm's, Mono's) stops the world: a signal to every thread, whose handler walks
// the stack, acknowledges and waits for a second signal. Workers that are parked in our handler must answer too.
#include <execinfo.h>
#include <gtest/gtest.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>
#include <set>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/scale.h"
#include "support/threads.h"

namespace preempt {
namespace {

using testing::Hogs;
using testing::scaled;

constexpr int kSuspend = SIGPWR;
constexpr int kRestart = SIGXCPU;
constexpr int kHogs = 8;

sem_t acknowledged;
std::atomic<int> world = 0;  // odd: stopped
std::atomic<int> frames_walked = 0;

void wait_for_restart(int, siginfo_t*, void*) {
  const int kept_errno = errno;
  const int stopped_world = world;
  void* frames[64];
  frames_walked += backtrace(frames, 64);
  sem_post(&acknowledged);
  sigset_t all_but_restart;
  sigfillset(&all_but_restart);
  sigdelset(&all_but_restart, kRestart);
  while (world == stopped_world) sigsuspend(&all_but_restart);
  sem_post(&acknowledged);
  errno = kept_errno;
}

void install_collector() {
  void* frame = nullptr;
  backtrace(&frame, 1);
  sem_init(&acknowledged, 0, 0);
  struct sigaction action = {};
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  action.sa_sigaction = wait_for_restart;
  sigfillset(&action.sa_mask);
  sigdelset(&action.sa_mask, kRestart);
  sigaction(kSuspend, &action, nullptr);
  action.sa_sigaction = [](int, siginfo_t*, void*) {};
  sigaction(kRestart, &action, nullptr);
}

bool wait_for_acknowledgement() {
  timespec limit = {};
  clock_gettime(CLOCK_REALTIME, &limit);
  limit.tv_sec += 20;
  while (sem_timedwait(&acknowledged, &limit) != 0) {
    if (errno != EINTR) return false;
  }
  return true;
}

// The threads that were stopped. `deaf` are those that block the signal, as no collector can reach them.
struct StoppedWorld {
  std::set<pid_t> stopped;
  std::set<pid_t> deaf;
  bool complete = true;
};

// Signals every thread that it has not seen yet, until a look finds no new one: threads may be born meanwhile.
StoppedWorld stop_the_world() {
  StoppedWorld result;
  ++world;
  for (bool found = true; found && result.complete;) {
    found = false;
    for (const pid_t thread : testing::threads_of_this_process()) {
      if (thread == gettid() || result.stopped.count(thread) != 0) continue;
      result.deaf.erase(thread);
      if (testing::blocks_signal(thread, kSuspend).value_or(true)) {
        result.deaf.insert(thread);
      } else if (testing::send_to_thread(thread, kSuspend)) {
        result.stopped.insert(thread);
        result.complete = result.complete && wait_for_acknowledgement();
        found = true;
      }
    }
  }
  return result;
}

bool restart(const StoppedWorld& stopped_world) {
  ++world;
  bool complete = true;
  for (const pid_t thread : stopped_world.stopped) testing::send_to_thread(thread, kRestart);
  for (std::size_t i = 0; i < stopped_world.stopped.size(); ++i) complete = complete && wait_for_acknowledgement();
  return complete;
}

TEST(StopTheWorldAsync, EveryThreadAnswers) {
  install_collector();
  const testing::LogLines log;
  Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100), .on_log = log.sink()});
  Hogs hogs(executor, kHogs);
  // From here on no task is fresh: a thread that is born while the world stops finds nothing that it could run.
  ASSERT_TRUE(hogs.all_begun());
  for (int round = 0; round < scaled(100); ++round) {
    ASSERT_TRUE(testing::more_thread_preemptions(executor, 2));
    const StoppedWorld stopped_world = stop_the_world();
    ASSERT_TRUE(stopped_world.complete) << "round " << round << ", " << stopped_world.stopped.size() << " signalled";
    EXPECT_GE(stopped_world.stopped.size(), static_cast<std::size_t>(kHogs));
    // Watchdog, spawner and the helper thread of callbacks run no task.
    EXPECT_LE(stopped_world.deaf.size(), 3u);
    const auto turns = hogs.turns();
    usleep(500);
    EXPECT_EQ(turns, hogs.turns()) << "a task went on while the world was stopped";
    ASSERT_TRUE(restart(stopped_world)) << "round " << round;
  }
  const auto before = hogs.turns();
  EXPECT_TRUE(testing::eventually([&] { return hogs.all_moved_since(before); }));
  // At least the collector's handler, its signal frame and the task in each.
  EXPECT_GT(frames_walked, 3 * kHogs * scaled(100));
  EXPECT_EQ(log.count("Options::signal"), 0) << log.text();
}

}  // namespace
}  // namespace preempt
