// When blocked tasks occupy all threads that are allowed while others are queued, one report says which, and where they
// wait. (What is reported are 5 s without a move.)
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/log_lines.h"
#include "support/wait.h"

using std::chrono::milliseconds;
using std::chrono::seconds;

// Of external linkage and not inlined, so that a stack shows them by these names. Each does something after its call,
// so that it stays on the stack.
extern "C" [[gnu::noinline]] int waits_for_a_future(std::shared_future<int>& future) {
  const int result = future.get();
  asm volatile("" ::: "memory");
  return result;
}

extern "C" [[gnu::noinline]] int waits_under_a_lock(std::mutex& mutex, std::condition_variable& changed,
                                                    const std::atomic<bool>& released) {
  std::unique_lock lock(mutex);
  changed.wait(lock, [&] { return released.load(); });
  asm volatile("" ::: "memory");
  return 0;
}

extern "C" [[gnu::noinline]] int waits_for_a_pipe(int file) {
  char byte = 0;
  // Not by read(), which a sanitizer puts a large frame of its own around.
  const auto count = syscall(SYS_read, file, &byte, 1);
  asm volatile("" ::: "memory");
  return static_cast<int>(count);
}

extern "C" [[gnu::noinline]] void waits_for_a_semaphore(preempt::Semaphore& semaphore) {
  semaphore.acquire();
  asm volatile("" ::: "memory");
}

// Keeps its caller's stack pointer in rbp, as code does that was built with frame pointers.
extern "C" [[gnu::noinline]] int calls_with_frame_pointer(const std::function<int()>& function) {
  asm volatile("" ::"r"(__builtin_frame_address(0)));
  const int result = function();
  asm volatile("" ::: "memory");
  return result;
}

namespace preempt {
namespace {

constexpr char kReport[] = "nothing has moved for 5 s";

// What holds up the blocked tasks of one test.
struct Obstacles {
  std::promise<int> promise;
  std::shared_future<int> future = promise.get_future().share();
  std::mutex mutex;
  std::condition_variable changed;
  std::atomic<bool> released = false;
  int pipe_ends[2] = {-1, -1};

  Obstacles() { static_cast<void>(!pipe(pipe_ends)); }
  ~Obstacles() {
    close(pipe_ends[0]);
    close(pipe_ends[1]);
  }
};

bool report_comes(const testing::LogLines& log) {
  return testing::eventually([&log] { return log.count(kReport) != 0; });
}

class DeadlockReport : public ::testing::TestWithParam<int> {
 protected:
  testing::LogLines log_;
};

TEST_P(DeadlockReport, NamesEachBlockedTaskItsCallAndItsStack) {
  Obstacles obstacles;
  std::atomic<int> begun = 0, done = 0;
  Executor executor({.processors = GetParam(), .max_threads = 3, .on_log = log_.sink()});
  executor.execute([&] { ++begun, done += waits_for_a_future(obstacles.future); }, {.name = "asks the last one"});
  executor.execute([&] { ++begun, waits_under_a_lock(obstacles.mutex, obstacles.changed, obstacles.released), ++done; },
                   {.name = "sleeps on a condition"});
  executor.execute([&] {
    ++begun;
    done += calls_with_frame_pointer([&] { return waits_for_a_pipe(obstacles.pipe_ends[0]); });
  });
  // All of them, else the last one may run before one that was queued earlier, on another processor.
  ASSERT_TRUE(testing::eventually([&] { return begun == 3; }));
  executor.execute([&] { obstacles.promise.set_value(1); });

  ASSERT_TRUE(report_comes(log_)) << log_.text();
  for (const char* part :
       {"3 blocked tasks", "without a thread: 1.", "If the blocked ones wait for those, allow more threads",
        "task \"asks the last one\": blocked for", "in futex(0x", "waits_for_a_future",
        "task \"sleeps on a condition\"", "waits_under_a_lock", "task unnamed", "in read(", "waits_for_a_pipe",
        "calls_with_frame_pointer"}) {
    EXPECT_EQ(log_.count(part), 1) << part << " in\n" << log_.text();
  }
  EXPECT_EQ(log_.count("Scheduler::"), 0) << "the executor's own frames\n" << log_.text();

  ASSERT_EQ(write(obstacles.pipe_ends[1], "x", 1), 1);  // whose thread goes on with the queued task
  {
    const std::lock_guard lock(obstacles.mutex);
    obstacles.released = true;
  }
  obstacles.changed.notify_all();
  executor.drain();
  EXPECT_EQ(done, 3);
}

INSTANTIATE_TEST_SUITE_P(Processors, DeadlockReport, ::testing::Values(1, 2));

// As many threads as processors, so that nothing can be handed off.
TEST(DeadlockReportOfAPlainPool, ComesOnce) {
  testing::LogLines log;
  Semaphore semaphore(0);
  Executor executor({.processors = 2, .max_threads = 2, .on_log = log.sink()});
  std::atomic<int> started = 0;
  for (int i = 0; i < 2; ++i) {
    executor.execute([&] {
      ++started;
      waits_for_a_semaphore(semaphore);
    });
  }
  ASSERT_TRUE(testing::eventually([&] { return started == 2; }));
  for (int i = 0; i < 2; ++i) executor.execute([&] { semaphore.release(); });
  ASSERT_TRUE(report_comes(log));
  EXPECT_EQ(log.count("2 blocked tasks"), 1) << log.text();
  EXPECT_EQ(log.count("waits_for_a_semaphore"), 1) << log.text();
  EXPECT_EQ(log.count("the same stack as worker 0"), 1) << log.text();
  std::this_thread::sleep_for(seconds(6));
  EXPECT_EQ(log.count(kReport), 1) << log.text();
  semaphore.release();
  executor.drain();
}

// One for each way to be no deadlock; they run side by side.
TEST(DeadlockReportNone, WhileSomethingMovesOrComputesOrNothingIsQueued) {
  testing::LogLines slow_log, computing_log, unqueued_log;
  std::atomic<bool> stop = false;
  {
    Executor slow({.processors = 2, .max_threads = 3, .on_log = slow_log.sink()});
    for (int i = 0; i < 200; ++i) slow.execute([] { std::this_thread::sleep_for(milliseconds(100)); });

    Executor computing({.processors = 1, .max_threads = 3, .on_log = computing_log.sink()});
    computing.execute([&] {
      while (!stop) testing::spin_a_little();
    });
    for (int i = 0; i < 3; ++i) computing.execute([&] { stop.wait(false); });

    Executor unqueued({.processors = 2, .max_threads = 3, .on_log = unqueued_log.sink()});
    for (int i = 0; i < 3; ++i) unqueued.execute([&] { stop.wait(false); });

    std::this_thread::sleep_for(milliseconds(6500));
    const Stats stats = slow.stats();
    EXPECT_GT(stats.tasks_submitted, stats.tasks_completed + 3) << "some are still queued";
    stop = true;
    stop.notify_all();
  }
  for (const testing::LogLines* log : {&slow_log, &computing_log, &unqueued_log}) {
    EXPECT_EQ(log->count(kReport), 0) << log->text();
  }
}

}  // namespace
}  // namespace preempt
