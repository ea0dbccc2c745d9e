// A handler of the program's own that calls hooked functions interrupts workers wherever they are: in tasks, in scopes,
// in the scheduler, in the hooks. Nothing is lost and no task fails.
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "programs/blocking_hooks/fixtures.h"
#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"
#include "support/threads.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using testing::Pipe;

std::atomic<int> pipe_in = -1;
std::atomic<std::uint64_t> handled = 0, failed = 0;

// The pipe is emptied all the time, so this sleeps now and then and never for long.
void handle(int) {
  const int saved_errno = errno;
  if (write(pipe_in.load(), "x", 1) != 1) failed.fetch_add(1);
  const timespec moment = {0, 1000};
  if (handled.fetch_add(1) % 64 == 0) nanosleep(&moment, nullptr);
  errno = saved_errno;
}

class Handler {
 public:
  explicit Handler(int flags) {
    struct sigaction action = {};
    action.sa_handler = &handle;
    action.sa_flags = flags;
    sigaction(SIGALRM, &action, &former_);
  }
  ~Handler() { sigaction(SIGALRM, &former_, nullptr); }
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;

 private:
  struct sigaction former_ = {};
};

// Signals that go to every thread in turn, each millisecond a few.
class Alarm {
 public:
  Alarm() : thread_([this] { run(); }) {}
  ~Alarm() {
    stop_ = true;
    thread_.join();
  }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

 private:
  void run() {
    const pid_t self = gettid();
    while (!stop_) {
      for (const pid_t thread : testing::threads_of_this_process()) {
        if (thread != self && thread != getpid()) testing::send_to_thread(thread, SIGALRM);
      }
      std::this_thread::sleep_for(microseconds(300));
    }
  }

  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

// Reads what the handlers write until it is told the end.
class Drain {
 public:
  explicit Drain(const Pipe& pipe) : pipe_(pipe), thread_([this] { run(); }) {}
  ~Drain() {
    EXPECT_EQ(write(pipe_.in(), "!", 1), 1);
    thread_.join();
  }
  Drain(const Drain&) = delete;
  Drain& operator=(const Drain&) = delete;

 private:
  void run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    char bytes[64];
    for (;;) {
      const ssize_t count = read(pipe_.out(), bytes, sizeof bytes);
      if (count <= 0 || bytes[count - 1] == '!') return;
    }
  }

  const Pipe& pipe_;
  std::thread thread_;
};

class BlockingHooksSignals : public ::testing::TestWithParam<std::tuple<int, Preemption>> {};

TEST_P(BlockingHooksSignals, HandlerThatWritesAndSleeps) {
  const auto [flags, preemption] = GetParam();
  const Handler handler(SA_RESTART | flags);
  Pipe pipe;
  pipe_in = pipe.in();
  handled = failed = 0;
  const Drain drain(pipe);
  std::mutex mutex;
  int sum = 0;
  const int rounds = testing::scaled(2000);
  {
    Executor executor({.processors = 2, .time_slice = microseconds(100), .preemption = preemption, .max_threads = 64});
    const Alarm alarm;
    for (int round = 0; round < rounds; ++round) {
      Pipe answer;
      std::future<bool> reader = executor.submit([&] {
        char byte;
        return read(answer.out(), &byte, 1) == 1;
      });
      std::future<void> worker = executor.submit([&] {
        testing::busy_for(microseconds(150));
        const std::lock_guard hold(mutex);
        ++sum;
      });
      std::future<int> nested = executor.submit([&] { return executor.submit([] { return 42; }).get(); });
      std::future<bool> writer = executor.submit([&] { return answer.put(); });
      EXPECT_TRUE(writer.get());
      EXPECT_TRUE(reader.get());
      EXPECT_EQ(nested.get(), 42);
      worker.get();
    }
    executor.drain();
  }
  EXPECT_EQ(sum, rounds);
  EXPECT_GT(handled.load(), 100u);
  EXPECT_EQ(failed.load(), 0u);
}

INSTANTIATE_TEST_SUITE_P(EachStack, BlockingHooksSignals,
                         ::testing::Combine(::testing::Values(0, SA_ONSTACK),
                                            ::testing::Values(Preemption::kNone, Preemption::kEverywhere)));

}  // namespace
}  // namespace preempt
