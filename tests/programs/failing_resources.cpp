// Threads and memory that cannot be had: a std::system_error at construction with nothing left started, and later fewer
// threads, counted, with no task lost. (RLIMIT_NPROC does nothing to root, so the calls are made to fail here.)
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <future>
#include <limits>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "fiber/sanitizer.h"
#include "preempt/executor.h"
#include "support/scale.h"
#include "support/threads.h"
#include "support/wait.h"

namespace {

// Which calls of a function fail.
class Failures {
 public:
  // Only the nth call from now on, from 1.
  void fail_once(int nth) { set(nth, nth); }
  void fail_all() { set(1, std::numeric_limits<int>::max()); }
  void stop() { set(0, 0); }

  // For the function itself.
  bool next_call_fails() {
    const int call = calls_.fetch_add(1) + 1;
    const bool fails = first_.load() <= call && call <= last_.load();
    if (fails) failed_.fetch_add(1);
    return fails;
  }

  // Since the last change of the setting.
  int failed() const { return failed_.load(); }

 private:
  void set(int first, int last) {
    first_ = last_ = 0;
    calls_ = failed_ = 0;
    last_ = last;
    first_ = first;
  }

  std::atomic<int> first_ = 0, last_ = 0;
  std::atomic<int> calls_ = 0, failed_ = 0;
};

constinit Failures threads;
constinit Failures mappings;

}  // namespace

#ifndef PREEMPT_TSAN  // its runtime calls both before instrumented code can run

namespace {

using PthreadCreate = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
using Mmap = void*(void*, std::size_t, int, int, int, off_t);

// The next definition of the function of that name: libc's, or a sanitizer's.
template <class Function>
Function* next(std::atomic<Function*>& known, const char* name) {
  if (known == nullptr) known = reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
  return known;
}

constinit std::atomic<PthreadCreate*> next_pthread_create = nullptr;
constinit std::atomic<Mmap*> next_mmap = nullptr;

}  // namespace

extern "C" __attribute__((visibility("default"))) int pthread_create(pthread_t* thread,
                                                                     const pthread_attr_t* attributes,
                                                                     void* (*start)(void*), void* argument) noexcept {
  if (threads.next_call_fails()) return EAGAIN;
  return next(next_pthread_create, "pthread_create")(thread, attributes, start, argument);
}

extern "C" __attribute__((visibility("default"))) void* mmap(void* address, std::size_t size, int protection, int flags,
                                                             int file, off_t offset) noexcept {
  if (mappings.next_call_fails()) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return next(next_mmap, "mmap")(address, size, protection, flags, file, offset);
}

#endif

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::scaled;

void (*urg_handler())(int) {
  struct sigaction action;
  sigaction(SIGURG, nullptr, &action);
  return action.sa_handler;
}

// Before any Executor.
const std::size_t initial_threads = testing::threads_of_this_process().size();

// Nothing is left of an executor that was not constructed. (A joined thread may be listed for a moment longer.)
bool nothing_is_left() {
  return urg_handler() == SIG_DFL &&
         eventually([] { return testing::threads_of_this_process().size() == initial_threads; });
}

// Runs tasks, some of which compute for longer than a slice, and counts them.
void expect_every_task_to_run_once(Executor& executor) {
  const int count = scaled(200);
  std::vector<std::atomic<int>> runs(count);
  for (int i = 0; i < count; ++i) {
    executor.execute([&runs, i] {
      if (i % 20 == 0) testing::busy_for(1ms);
      ++runs[i];
    });
  }
  executor.drain();
  for (int i = 0; i < count; ++i) EXPECT_EQ(runs[i], 1) << i;
}

// True when the library calls `failures`, whatever it makes of it.
bool come_here(Failures& failures) {
  failures.fail_all();
  try {
    Executor executor({.processors = 1});
  } catch (const std::system_error&) {
  }
  const bool seen = failures.failed() > 0;
  failures.stop();
  return seen;
}

// A sanitizer's runtime may take the calls before they come here, and then nothing is tested; elsewhere that is a fault
// of this program.
class FailingCalls : public ::testing::Test {
 protected:
  void SetUp() override {
    static const bool seen = come_here(threads) && come_here(mappings);
    if (!seen && fiber::kIsSanitized) GTEST_SKIP() << "the sanitizer takes the calls that should fail";
    ASSERT_TRUE(seen) << "the library's calls do not come here";
  }
  ~FailingCalls() override {
    threads.stop();
    mappings.stop();
  }
};

class FailingResources : public FailingCalls, public ::testing::WithParamInterface<Failures*> {
 protected:
  Failures& failures() { return *GetParam(); }
};

INSTANTIATE_TEST_SUITE_P(OnDemand, FailingResources, ::testing::Values(&threads, &mappings), [](const auto& info) {
  return std::string(info.param == &threads ? "PthreadCreate" : "Mmap");
});

TEST_P(FailingResources, AtConstructionAreASystemError) {
  failures().fail_all();
  try {
    Executor executor({.processors = 2});
    ADD_FAILURE() << "constructed without threads or memory";
  } catch (const std::system_error& error) {
    EXPECT_EQ(error.code().value(), GetParam() == &threads ? EAGAIN : ENOMEM) << error.what();
    EXPECT_EQ(std::string(error.what()).rfind("preempt: ", 0), 0u) << error.what();
  }
  EXPECT_GT(failures().failed(), 0);
  failures().stop();
  EXPECT_TRUE(nothing_is_left());
}

// Whichever call fails: either the constructor throws and leaves nothing, or the executor works.
TEST_P(FailingResources, AtEachCallInTurn) {
  int thrown = 0, nth = 1;
  bool reached = true;
  for (; reached && nth < 200; ++nth) {
    failures().fail_once(nth);
    try {
      Executor executor({.processors = 3, .time_slice = 100us, .max_threads = 8});
      expect_every_task_to_run_once(executor);
    } catch (const std::system_error& error) {
      ++thrown;
    }
    reached = failures().failed() > 0;
    failures().stop();
    ASSERT_TRUE(nothing_is_left()) << "after call " << nth << " failed";
  }
  EXPECT_GT(thrown, 0);
  EXPECT_FALSE(reached) << "the calls have no end";
}

// Once running, an executor goes on with the threads that it has.
TEST_P(FailingResources, LaterAreCountedAndLoseNoTask) {
  constexpr int kBlocked = 40;
  Executor executor({.processors = 2, .max_threads = 64});
  expect_every_task_to_run_once(executor);
  failures().fail_all();
  // More tasks that sleep than the executor can have threads in store, so it wants one that it cannot have.
  std::atomic<bool> stop = false;
  std::atomic<int> blocked = 0, behind = 0;
  for (int i = 0; i < kBlocked; ++i) {
    executor.execute([&] {
      while (!stop) std::this_thread::sleep_for(1ms);
      ++blocked;
    });
  }
  for (int i = 0; i < kBlocked; ++i) executor.execute([&] { ++behind; });
  const bool counted = eventually([&] { return executor.stats().spares_failed > 0; });
  stop = true;
  executor.drain();
  EXPECT_TRUE(counted) << "no failure counted of " << failures().failed();
  EXPECT_EQ(blocked, kBlocked);
  EXPECT_EQ(behind, kBlocked);
  expect_every_task_to_run_once(executor);
}

// A failure is not for ever: the task that waits needs a thread that could not be made at first.
TEST_P(FailingResources, ThatComeBackAreUsed) {
  constexpr int kWaiting = 40;
  Executor executor({.processors = 1, .max_threads = 64});
  failures().fail_all();
  std::promise<void> promise;
  const std::shared_future<void> future = promise.get_future().share();
  for (int i = 0; i < kWaiting; ++i) executor.execute([future] { future.wait(); });
  executor.execute([&promise] { promise.set_value(); });
  EXPECT_TRUE(eventually([&] { return executor.stats().spares_failed > 0; }));
  EXPECT_EQ(future.wait_for(0s), std::future_status::timeout);
  failures().stop();
  EXPECT_EQ(future.wait_for(30s), std::future_status::ready);
  executor.drain();
}

// Without a thread to take over, a task that only computes keeps its processor: refused and counted, not lost.
TEST_F(FailingCalls, TasksThatOnlyComputeAllEndAsync) {
  Executor executor({.processors = 1, .time_slice = 100us, .max_threads = 64});
  threads.fail_all();
  constexpr int kHogs = 100;
  std::atomic<int> ended = 0;
  for (int i = 0; i < kHogs; ++i) {
    executor.execute([&ended] {
      testing::busy_for(2ms);
      ++ended;
    });
  }
  executor.drain();
  EXPECT_EQ(ended, kHogs);
  EXPECT_GT(executor.stats().verdict(Verdict::kNoSpare), 0u);
}

// A migratable task that yields needs a new stack for the loop, which cannot be had.
TEST_F(FailingCalls, MigratableTasksThatYieldAllEnd) {
  Executor executor({.processors = 1, .max_threads = 4, .migratable = true});
  executor.submit([] {}).get();
  mappings.fail_all();
  constexpr int kTasks = 100, kYields = 20;
  std::atomic<bool> all_wait = false;
  std::atomic<int> ended = 0;
  for (int i = 0; i < kTasks; ++i) {
    executor.execute([&all_wait, &ended] {
      while (!all_wait) testing::busy_for(10us);  // or each would end before the next one comes
      for (int k = 0; k < kYields; ++k) yield();
      ++ended;
    });
  }
  all_wait = true;
  executor.drain();
  EXPECT_EQ(ended, kTasks);
  EXPECT_GT(mappings.failed(), 0) << "no mapping was asked for: the test is blind";
}

}  // namespace
}  // namespace preempt
