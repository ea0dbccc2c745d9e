// Tasks that take the alternate signal stack of their thread for themselves, as crash reporters, Rust's and OCaml's
// runtimes do, or switch it off.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <vector>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using testing::busy_for;
using testing::Hogs;
using testing::scaled;

constexpr int kProcessors = 2;

Options short_slices(int processors) {
  return {.processors = processors, .time_slice = std::chrono::microseconds(100)};
}

// SIGSTKSZ bytes above a page that nobody may touch.
class SmallStack {
 public:
  SmallStack() : size_(sysconf(_SC_SIGSTKSZ)), guard_(sysconf(_SC_PAGESIZE)) {
    pages_ =
        static_cast<char*>(mmap(nullptr, size_ + guard_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(pages_, guard_, PROT_NONE);
  }
  ~SmallStack() { munmap(pages_, size_ + guard_); }
  SmallStack(const SmallStack&) = delete;
  SmallStack& operator=(const SmallStack&) = delete;

  stack_t description() const {
    stack_t result = {};
    result.ss_sp = pages_ + guard_;
    result.ss_size = size_;
    return result;
  }

 private:
  std::size_t size_;
  std::size_t guard_;
  char* pages_;
};

stack_t disabled() {
  stack_t result = {};
  result.ss_flags = SS_DISABLE;
  return result;
}

// While one lives, the thread has another alternate stack. Notes whether it is still there at the end.
class ReplacedStack {
 public:
  explicit ReplacedStack(const stack_t& mine) : mine_(mine) { good_ = sigaltstack(&mine_, &former_) == 0; }
  bool restore() {
    stack_t found = {};
    good_ = good_ && sigaltstack(&former_, &found) == 0;
    return good_ && found.ss_flags == mine_.ss_flags && (mine_.ss_flags == SS_DISABLE || found.ss_sp == mine_.ss_sp);
  }

 private:
  stack_t mine_;
  stack_t former_ = {};
  bool good_;
};

// Tasks with `stack()` as alternate stack compute beside hogs; true when each found it in place afterwards and every
// hog went on meanwhile.
template <class MakeStack>
void expect_that_all_go_on(Executor& executor, MakeStack stack) {
  Hogs hogs(executor, 6);
  ASSERT_TRUE(hogs.all_begun());
  for (int round = 0; round < scaled(20); ++round) {
    const auto before = hogs.turns();
    std::vector<std::future<bool>> good;
    for (int task = 0; task < kProcessors; ++task) {
      good.push_back(executor.submit([&] {
        ReplacedStack replaced(stack());
        busy_for(milliseconds(5));
        return replaced.restore();
      }));
    }
    for (auto& one : good) EXPECT_TRUE(one.get());
    EXPECT_TRUE(testing::eventually([&] { return hogs.all_moved_since(before); }));
  }
}

TEST(AltstackAsync, OwnOneOfTheSmallestUsualSize) {
  Executor executor(short_slices(kProcessors));
  expect_that_all_go_on(executor, [] {
    thread_local const SmallStack stack;
    return stack.description();
  });
  EXPECT_GT(executor.stats().verdict(Verdict::kForeignStack), 0u);
}

TEST(AltstackAsync, Disabled) {
  Executor executor(short_slices(kProcessors));
  expect_that_all_go_on(executor, [] { return disabled(); });
}

TEST(AltstackAsync, OwnOneStillYieldsAtCheckpoints) {
  Executor executor(short_slices(1));
  std::atomic<bool> second_ran = false;
  std::atomic<bool> ended = false;
  std::atomic<bool> good = false;
  executor.execute([&] {
    const SmallStack stack;
    ReplacedStack replaced(stack.description());
    executor.execute([&] { second_ran = true; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!second_ran && std::chrono::steady_clock::now() < end) PREEMPT_CHECKPOINT();
    good = replaced.restore() && second_ran;
    ended = true;
  });
  executor.drain();
  EXPECT_TRUE(ended);
  EXPECT_TRUE(good) << "the second task did not run while the first passed checkpoints";
  EXPECT_GT(executor.stats().checkpoint_yields, 0u);
}

}  // namespace
}  // namespace preempt
