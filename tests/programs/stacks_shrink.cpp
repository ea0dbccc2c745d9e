// Stacks that were used deep give their memory back when they rest, and serve again.
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <fstream>
#include <future>
#include <vector>

#include "fiber/sanitizer.h"
#include "preempt/executor.h"
#include "preempt/sync.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::seconds;
using testing::eventually;

constexpr std::size_t kMebibyte = 1 << 20;
constexpr std::size_t kStackSize = 8 * kMebibyte;

// Of this process, resident. proc(5): /proc/self/statm, second field.
std::size_t resident() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, pages = 0;
  file >> all >> pages;
  return pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

// Calls itself until so many bytes of the stack are used. The sum of what the calls kept in their frames meanwhile.
[[gnu::noinline]] int use_stack(std::ptrdiff_t bytes) {
  constexpr int kFrame = 1000;
  volatile char frame[kFrame];
  for (int i = 0; i < kFrame; ++i) frame[i] = 1;
  const int deeper = bytes > kFrame ? use_stack(bytes - kFrame) : 0;
  int sum = 0;
  for (int i = 0; i < kFrame; ++i) sum += frame[i];
  return deeper + sum;
}

int sum_of(std::ptrdiff_t bytes) { return static_cast<int>((bytes + 999) / 1000 * 1000); }

class StacksShrink : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fiber::kIsSanitized) GTEST_SKIP() << "a sanitizer keeps memory of its own for each page of a stack";
    Executor executor({.processors = 2, .stack_size = kStackSize});  // what a first one needs for good
    executor.submit([] {}).get();
  }

  // That much more than `before` is resident at most, soon.
  static bool falls_to(std::size_t before, std::size_t more) {
    return eventually([&] { return resident() < before + more; }, seconds(20));
  }
};

TEST_F(StacksShrink, OfAnIdleWorker) {
  Executor executor({.processors = 1, .stack_size = kStackSize});
  executor.submit([] {}).get();
  for (int round = 0; round < 3; ++round) {
    const std::size_t before = resident();
    constexpr std::ptrdiff_t kUsed = 4 * kMebibyte;
    std::size_t during = 0;
    const int sum = executor
                        .submit([&] {
                          const int result = use_stack(kUsed);
                          during = resident();
                          return result;
                        })
                        .get();
    EXPECT_EQ(sum, sum_of(kUsed));
    EXPECT_GT(during, before + 3 * kMebibyte + kMebibyte / 2) << "the test is blind";
    EXPECT_TRUE(falls_to(before, kMebibyte / 2)) << "resident: " << resident() << ", before " << before;
  }
}

// One small task after the other, so that it is never idle.
TEST_F(StacksShrink, OfABusyWorker) {
  Executor executor({.processors = 1, .stack_size = kStackSize});
  std::atomic<bool> stop = false;
  std::function<void()> step = [&] {
    testing::spin_a_little();
    if (!stop) executor.execute(step);
  };
  executor.execute(step);
  executor.execute(step);
  executor.submit([] {}).get();
  const std::size_t before = resident();
  std::size_t during = 0;
  executor
      .submit([&] {
        use_stack(6 * kMebibyte);
        during = resident();
      })
      .get();
  EXPECT_GT(during, before + 5 * kMebibyte) << "the test is blind";
  EXPECT_TRUE(falls_to(before, kMebibyte)) << "resident: " << resident() << ", before " << before;
  stop = true;
  executor.drain();
}

// Many stacks at once, of migratable tasks, that come to rest in the pool.
TEST_F(StacksShrink, OfIdleFibers) {
  constexpr int kTasks = 32;
  constexpr std::ptrdiff_t kUsed = kMebibyte;
  Executor executor({.processors = 1, .stack_size = kStackSize, .migratable = true});
  for (int round = 0; round < 2; ++round) {
    const std::size_t before = resident();
    Semaphore go(0);
    std::atomic<int> used = 0, good = 0;
    for (int i = 0; i < kTasks; ++i) {
      executor.execute([&] {
        good += use_stack(kUsed) == sum_of(kUsed);
        ++used;
        go.acquire();
      });
    }
    ASSERT_TRUE(eventually([&] { return used == kTasks; }));
    // Less what each may have kept from the round before.
    EXPECT_GT(resident(), before + kTasks * (kUsed - 128 * 1024)) << "the test is blind";
    for (int i = 0; i < kTasks; ++i) go.release();
    executor.drain();
    EXPECT_EQ(good, kTasks);
    // Each may keep 64 KiB.
    EXPECT_TRUE(falls_to(before, kTasks * 80 * 1024 + kMebibyte))
        << "resident: " << resident() << ", before " << before;
  }
}

}  // namespace
}  // namespace preempt
