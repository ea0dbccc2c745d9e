// A migratable task that keeps its promise is not disturbed by preempt::promise_checks; one that breaks it ends the
// program, and the last words name the function.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <mutex>
#include <string>

#include "fiber/stale_address.h"
#include "os/thread.h"
#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "preempt/sync.h"
#include "support/scale.h"

// Found by their names in reports.
std::mutex kept_mutex;
[[gnu::noinline]] void take_and_keep() { kept_mutex.lock(); }
[[gnu::noinline]] void try_and_keep() { static_cast<void>(kept_mutex.try_lock()); }

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Options busy() { return {.processors = 2, .time_slice = microseconds(20), .migratable = true}; }

class Promises : public ::testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// Tasks that share two processors and call `body` until it says that it is done, each on many threads. They begin
// together, so that some were set aside before.
template <class Body>
Stats run_tasks(Body body, Options options = busy()) {
  constexpr int kTasks = 8;
  std::atomic<int> started = 0;
  Executor executor(options);
  for (int i = 0; i < kTasks; ++i) {
    executor.execute(
        [&body, &started] {
          ++started;
          while (started < kTasks) PREEMPT_CHECKPOINT();
          while (!body()) PREEMPT_CHECKPOINT();
        },
        {.name = "keeper"});
  }
  executor.drain();
  return executor.stats();
}

// Not in the time of a test that is to end otherwise.
bool never() {
  static const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  return std::chrono::steady_clock::now() > end;
}

TEST_F(Promises, ALockHeldAtACheckpointIsNamed) {
  EXPECT_DEATH(run_tasks([] {
                 static std::atomic<bool> taken = false;
                 if (!taken.exchange(true)) take_and_keep();
                 return never();
               }),
               "broken promise: the migratable task 'keeper' .* holds a pthread mutex, taken in take_and_keep");
}

TEST_F(Promises, ATriedLockToo) {
  EXPECT_DEATH(run_tasks([] {
                 static std::atomic<bool> taken = false;
                 if (!taken.exchange(true)) try_and_keep();
                 return never();
               }),
               "taken in try_and_keep");
}

TEST_F(Promises, ALockHeldInAWaitIsNamed) {
  EXPECT_DEATH(run_tasks([] {
                 take_and_keep();
                 sleep_for(milliseconds(1));
                 return never();
               }),
               "taken in take_and_keep");
}

TEST_F(Promises, LocksThatAreLetGoAreNoMatter) {
  std::mutex mutex;
  std::recursive_mutex twice;
  std::atomic<std::uint64_t> turns = 0;
  const std::uint64_t wanted = testing::scaled(20'000);
  const Stats stats = run_tasks([&] {
    {
      const std::lock_guard hold(mutex);
      ++turns;
    }
    const std::lock_guard hold(twice);
    const std::lock_guard again(twice);
    return turns >= wanted;
  });
  EXPECT_GT(stats.fiber_switches, 0U);
}

// A lock that a pinned task leaves behind is not its successor's.
TEST_F(Promises, ALockLeftBehindIsNobodyElses) {
  std::mutex mutex;
  Executor executor({.processors = 1, .time_slice = microseconds(20), .max_threads = 1});
  executor.execute([&] { mutex.lock(); });
  executor.drain();
  std::atomic<int> started = 0;
  for (int i = 0; i < 2; ++i) {
    executor.execute(
        [&] {
          ++started;
          while (started < 2) yield();
        },
        {.migratable = true});
  }
  executor.drain();
  EXPECT_GT(executor.stats().fiber_switches, 0U);
}

TEST_F(Promises, PinnedTasksMayHoldLocks) {
  std::mutex mutex;
  std::atomic<std::uint64_t> turns = 0;
  const std::uint64_t wanted = testing::scaled(2'000);
  run_tasks(
      [&] {
        const std::lock_guard hold(mutex);
        PREEMPT_CHECKPOINT();
        return ++turns >= wanted;
      },
      {.processors = 2, .time_slice = microseconds(20)});
}

// The address of this thread's errno, as GCC keeps it in a register that calls preserve, until the task is elsewhere.
template <class Stop>
std::uint64_t errno_address_after_checkpoints(Stop stop, bool& moved) {
  const pid_t from = os::thread_id();
  auto address = reinterpret_cast<std::uint64_t>(&errno);
  for (moved = false; !moved && !stop();) {
    asm volatile(
        "movq %0, %%rbx\n\t"
        "leaq -128(%%rsp), %%rsp\n\t"
        "movq %%rsp, %%r12\n\t"
        "andq $-16, %%rsp\n\t"
        "call _ZN7preempt6detail20checkpoint_slow_pathEv\n\t"
        "movq %%r12, %%rsp\n\t"
        "leaq 128(%%rsp), %%rsp\n\t"
        "movq %%rbx, %0"
        : "+r"(address)::"rbx", "r12", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
    moved = os::thread_id() != from;
  }
  return address;
}

TEST_F(Promises, AnAddressOfTheFormerThreadIsNoneAfterACheckpoint) {
  std::atomic<int> moved = 0, stale = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto stop = [&] { return moved >= 10 || std::chrono::steady_clock::now() > end; };
  run_tasks([&] {
    bool has_moved;
    stale += fiber::is_stale_address(errno_address_after_checkpoints(stop, has_moved));
    moved += has_moved;
    return stop();
  });
  EXPECT_GT(moved, 0);
  EXPECT_EQ(stale, moved);
}

// The same at any instruction of marked code: every address of the former thread is spoilt, nothing else.
PREEMPT_SIGNAL_SAFE std::uint64_t hold_in_register(std::uint64_t value, std::uint64_t turns) {
  asm volatile("1:\n\tdecq %1\n\tjnz 1b" : "+b"(value), "+r"(turns)::"cc");
  return value;
}

// Of this thread. glibc declares __errno_location() const: inlined, its result is kept over the checkpoints of a loop,
// and spoilt there already.
__attribute__((noinline)) std::uint64_t address_of_errno() {
  asm volatile("" ::: "memory");
  return reinterpret_cast<std::uint64_t>(&errno);
}

TEST_F(Promises, AnAddressOfTheFormerThreadIsNoneAfterAPreemption) {
  std::atomic<int> stale = 0, other = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  static const int variable = 0;
  const Stats stats = run_tasks([&] {
    const std::uint64_t address = address_of_errno();
    const std::uint64_t held = hold_in_register(address, 200'000);
    stale += fiber::is_stale_address(held);
    other += held != address && !fiber::is_stale_address(held);
    const auto harmless = reinterpret_cast<std::uint64_t>(&variable);
    other += hold_in_register(harmless, 1'000) != harmless;
    return stale > 10 || std::chrono::steady_clock::now() > end;
  });
  EXPECT_GT(stats.fiber_preemptions, 0U);
  EXPECT_GT(stale, 0);
  EXPECT_EQ(other, 0);
}

// The real thing: the address stays in a register, and is used.
[[gnu::noinline]] void keep_errno_over_checkpoints() {
  int* address = &errno;
  asm volatile("" : "+r"(address));  // or Clang asks for it when it is used
  const pid_t from = os::thread_id();
  while (os::thread_id() == from) PREEMPT_CHECKPOINT();
  *address = 0;
}

TEST_F(Promises, TheUseOfSuchAnAddressIsNamed) {
  EXPECT_DEATH(run_tasks([] {
                 keep_errno_over_checkpoints();
                 return never();
               }),
               "task \"keeper\" on worker .* broke its promise.*keep_errno_over_checkpoints");
}

}  // namespace
}  // namespace preempt
