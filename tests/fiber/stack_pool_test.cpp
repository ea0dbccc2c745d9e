// Stacks are writable from end to end, apart from each other, reused warm, and guarded on either kind of kernel.
#include "fiber/stack_pool.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>
#include <set>
#include <vector>

#include "os/memory.h"

namespace preempt::fiber {
namespace {

constexpr std::size_t kSize = 64 * 1024;

// By MADV_GUARD_INSTALL where the kernel has it, and by mprotect(2), which older kernels take.
class StackPoolTest : public ::testing::TestWithParam<bool> {
 protected:
  StackPoolTest() { os::forbid_guard_by_madvise(GetParam()); }
  ~StackPoolTest() override { os::forbid_guard_by_madvise(false); }
};

INSTANTIATE_TEST_SUITE_P(GuardByMprotect, StackPoolTest, ::testing::Values(false, true));

bool writing_ends_by_a_fault(char* address) {
  const pid_t child = fork();
  if (child == 0) {
    signal(SIGSEGV, SIG_DFL);
    *static_cast<volatile char*>(address) = 1;
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

TEST_P(StackPoolTest, StacksAreWholeAndApart) {
  StackPool pool(kSize);
  std::vector<Stack> stacks;
  for (int i = 0; i < 40; ++i) {  // more than the first arenas hold
    stacks.push_back(pool.take());
    ASSERT_TRUE(stacks.back());
    EXPECT_EQ(stacks.back().size, kSize);
    std::memset(stacks.back().low, i, kSize);
  }
  for (int i = 0; i < 40; ++i) {
    EXPECT_EQ(stacks[i].low[0], i);
    EXPECT_EQ(stacks[i].high()[-1], i);
  }
  EXPECT_EQ(pool.unguarded(), 0);
}

TEST_P(StackPoolTest, ThePageBelowIsGuarded) {
  StackPool pool(kSize);
  const Stack first = pool.take();
  const Stack second = pool.take();
  for (const Stack& stack : {first, second}) {
    EXPECT_TRUE(writing_ends_by_a_fault(stack.low - 1));
    EXPECT_TRUE(writing_ends_by_a_fault(stack.low - os::kPage));
    EXPECT_FALSE(writing_ends_by_a_fault(stack.low));
  }
}

TEST_P(StackPoolTest, TheLastOneGivenBackIsTakenFirst) {
  StackPool pool(kSize);
  const Stack first = pool.take();
  const Stack second = pool.take();
  pool.give_back(first);
  pool.give_back(second);
  EXPECT_EQ(pool.take().low, second.low);
  EXPECT_EQ(pool.take().low, first.low);
}

TEST(StackPoolMemoryTest, NoMemoryIsANullStack) {
  StackPool pool(std::size_t{1} << 47);  // more than the address space
  EXPECT_FALSE(pool.take());
}

}  // namespace
}  // namespace preempt::fiber
