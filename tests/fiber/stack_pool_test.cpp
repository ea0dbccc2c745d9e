// Stacks are writable from end to end, apart from each other, reused warm, and guarded on either kind of kernel.
#include "fiber/stack_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <set>
#include <vector>

#include "os/memory.h"

namespace preempt::fiber {
namespace {

constexpr std::size_t kSize = 64 * 1024;

// By MADV_GUARD_INSTALL where the kernel has it, and by mprotect(2), which older kernels take.
class StackPoolTest : public ::testing::TestWithParam<os::GuardBy> {
 protected:
  StackPoolTest() { os::guard_at_best_by(GetParam()); }
  ~StackPoolTest() override { os::guard_at_best_by(os::GuardBy::kMadvise); }
};

INSTANTIATE_TEST_SUITE_P(GuardBy, StackPoolTest, ::testing::Values(os::GuardBy::kMadvise, os::GuardBy::kMprotect));

class UnguardedStackPoolTest : public ::testing::Test {
 protected:
  UnguardedStackPoolTest() { os::guard_at_best_by(os::GuardBy::kNothing); }
  ~UnguardedStackPoolTest() override { os::guard_at_best_by(os::GuardBy::kMadvise); }
};

// How many bytes of [low, high) are committed.
std::size_t committed(char* low, char* high) {
  std::vector<unsigned char> pages(static_cast<std::size_t>(high - low) / os::kPage);
  if (mincore(low, static_cast<std::size_t>(high - low), pages.data()) != 0) return 0;
  return os::kPage * static_cast<std::size_t>(
                         std::count_if(pages.begin(), pages.end(), [](unsigned char page) { return (page & 1) != 0; }));
}

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

TEST_F(UnguardedStackPoolTest, EachWordBelowIsLookedAt) {
  StackPool pool(kSize);
  const Stack above = pool.take();
  const Stack stack = pool.take();
  EXPECT_EQ(pool.unguarded(), 2);
  std::memset(stack.low, 1, kSize);
  std::memset(above.low, 1, kSize);
  ASSERT_TRUE(stack.is_whole() && above.is_whole());
  for (char* word = stack.low - os::kPage; word < stack.low; word += sizeof(std::uint64_t)) {
    std::uint64_t saved;
    std::memcpy(&saved, word, sizeof(saved));
    std::memset(word, 0, sizeof(saved));
    EXPECT_FALSE(stack.is_whole()) << stack.low - word << " bytes below";
    std::memcpy(word, &saved, sizeof(saved));
  }
  EXPECT_TRUE(stack.is_whole());
  pool.give_back(stack);
  const Stack again = pool.take();
  ASSERT_EQ(again.low, stack.low);
  *(again.low - 1) ^= 1;
  EXPECT_FALSE(again.is_whole()) << "it is another kind of stack now";
}

TEST_P(StackPoolTest, ShrinkingKeepsWhatIsInUseAndTheGuard) {
  constexpr std::size_t kLarge = 1 << 20, kInUse = 100 * 1024;
  StackPool pool(kLarge);
  const Stack stack = pool.take();
  std::memset(stack.low, 7, kLarge);
  char* const stack_pointer = stack.high() - kInUse;
  shrink(stack, stack_pointer);
  EXPECT_EQ(committed(stack.low, stack.high()), kInUse + kKeptOfStack);
  for (const char* byte = stack_pointer - kKeptOfStack; byte < stack.high(); ++byte) ASSERT_EQ(*byte, 7);
  EXPECT_TRUE(writing_ends_by_a_fault(stack.low - 1));
  EXPECT_EQ(stack.low[0], 0);
  shrink(stack, stack.low + kKeptOfStack);  // nothing to give
  EXPECT_EQ(stack_pointer[0], 7);
}

TEST(StackPoolMemoryTest, NoMemoryIsANullStack) {
  StackPool pool(std::size_t{1} << 47);  // more than the address space
  EXPECT_FALSE(pool.take());
}

}  // namespace
}  // namespace preempt::fiber
