// A program that handles SIGSEGV itself (a garbage collector's barriers, a userspace pager, a runtime that recovers
// from full stacks) goes on doing so in tasks, also while they are preempted.
#include <gtest/gtest.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <vector>

#include "preempt/executor.h"
#include "support/fault.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/scale.h"
#include "support/threads.h"

namespace preempt {
namespace {

using testing::scaled;

class FaultsBesideHogsAsync : public ::testing::Test {
 protected:
  void SetUp() override { sigaction(SIGSEGV, nullptr, &original_); }
  void TearDown() override { sigaction(SIGSEGV, &original_, nullptr); }

 private:
  struct sigaction original_ = {};
};

Options short_slices() {
  return {.processors = 2, .time_slice = std::chrono::microseconds(100), .stack_size = 256 * 1024};
}

const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
std::atomic<int> repaired = 0;

void make_accessible(int, siginfo_t* info, void*) {
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr) / page * page;
  if (mprotect(reinterpret_cast<void*>(address), page, PROT_READ | PROT_WRITE) != 0) _exit(1);
  ++repaired;
}

// Pages that nobody may touch yet.
class Protected {
 public:
  explicit Protected(int pages) : size_(static_cast<std::size_t>(pages) * page) {
    memory_ = static_cast<char*>(mmap(nullptr, size_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  }
  ~Protected() { munmap(memory_, size_); }
  Protected(const Protected&) = delete;
  Protected& operator=(const Protected&) = delete;

  volatile char& operator[](int number) { return memory_[static_cast<std::size_t>(number) * page]; }

 private:
  std::size_t size_;
  char* memory_;
};

TEST_F(FaultsBesideHogsAsync, PagesAreRepaired) {
  testing::handle_faults_by(&make_accessible);
  const int pages = scaled(2000) + 10;
  constexpr int kTasks = 4;
  {
    Executor executor(short_slices());
    testing::Hogs hogs(executor, 4);
    ASSERT_TRUE(hogs.all_begun());
    std::vector<std::future<int>> sums;
    for (int task = 0; task < kTasks; ++task) {
      sums.push_back(executor.submit([pages] {
        Protected memory(pages);
        int sum = 0;
        for (int i = 0; i < pages; ++i) {
          memory[i] = 1;
          sum += memory[i];
          testing::spin_a_little();
        }
        return sum;
      }));
    }
    for (auto& sum : sums) EXPECT_EQ(sum.get(), pages);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 10));
  }
  EXPECT_EQ(repaired, kTasks * pages);
}

volatile int last_depth = -1;

[[gnu::noinline]] int recurse(int depth) {
  volatile char frame[100];
  frame[0] = static_cast<char>(depth);
  if (depth == last_depth) return 0;
  return recurse(depth + 1) + frame[0];
}

// Each task has its own; it stays on its thread.
thread_local sigjmp_buf way_out;

[[gnu::noinline]] bool recovers() {
  if (sigsetjmp(way_out, 1) != 0) return true;
  recurse(0);
  return false;
}

TEST_F(FaultsBesideHogsAsync, FullStacksAreRecoveredFrom) {
  testing::handle_faults_by([](int, siginfo_t*, void*) { siglongjmp(way_out, 1); });
  const int each = scaled(20) + 2;
  constexpr int kTasks = 2;
  testing::LogLines log;
  {
    Options options = short_slices();
    options.on_log = log.sink();
    Executor executor(options);
    testing::Hogs hogs(executor, 4);
    ASSERT_TRUE(hogs.all_begun());
    std::vector<std::future<int>> recoveries;
    for (int task = 0; task < kTasks; ++task) {
      recoveries.push_back(executor.submit([each] {
        int count = 0;
        for (int i = 0; i < each; ++i) count += recovers();
        return count;
      }));
    }
    for (auto& count : recoveries) EXPECT_EQ(count.get(), each);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 10));
  }
  // Two at the same time have one text, as the line of each is on standard error.
  EXPECT_GE(log.count("PREEMPT_STACK_SIZE"), each);
  EXPECT_LE(log.count("PREEMPT_STACK_SIZE"), kTasks * each);
}

std::atomic<int> arrived = 0;

// Also to threads that are parked in the executor's own handler.
TEST_F(FaultsBesideHogsAsync, SentOnesArriveOnEachThread) {
  testing::handle_faults_by([](int, siginfo_t* info, void*) { arrived += info->si_code == SI_TKILL; });
  int sent = 0;
  {
    Executor executor(short_slices());
    testing::Hogs hogs(executor, 6);
    ASSERT_TRUE(hogs.all_begun());
    for (int round = 0; round < scaled(50) + 2; ++round) {
      for (const pid_t thread : testing::threads_of_this_process()) {
        // Helper threads block every signal.
        if (testing::blocks_signal(thread, SIGTERM).value_or(true)) continue;
        if (!testing::send_to_thread(thread, SIGSEGV)) continue;
        ++sent;
        ASSERT_TRUE(testing::eventually([&] { return arrived == sent; })) << "thread " << thread;
      }
    }
    EXPECT_GT(sent, 6);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 10));
  }
  EXPECT_EQ(arrived, sent);
}

}  // namespace
}  // namespace preempt
