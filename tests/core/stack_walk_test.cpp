// Stacks of threads that sleep, from what the kernel says of them.
#include "core/stack_walk.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "core/call_frame.h"
#include "os/code_map.h"
#include "os/own_memory.h"
#include "os/thread.h"
#include "os/thread_call.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt::core {
namespace {

int pipe_to_wait_for = -1;

using Function = void (*)();

// The compiler does not see which one, so it makes no copy of the function that is called with it.
Function unknown(Function function) {
  asm volatile("" : "+r"(function));
  return function;
}

[[gnu::noinline]] void waits() {
  char byte;
  // Not by read(), which a sanitizer puts a large frame of its own around.
  static_cast<void>(!syscall(SYS_read, pipe_to_wait_for, &byte, 1));
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] void calls(Function next) {
  next();
  asm volatile("" ::: "memory");
}

// Uses rbp, as what is built with frame pointers, and for arrays of variable length.
[[gnu::noinline]] void calls_by_frame_pointer(Function next) {
  asm volatile("" ::"r"(__builtin_frame_address(0)));
  next();
  asm volatile("" ::: "memory");
}

[[gnu::noinline]] void raises() {
  raise(SIGUSR1);
  asm volatile("" ::: "memory");
}

void handler(int) { waits(); }

// The stack of a thread that runs `body` and sleeps in waits().
class StackWalk : public ::testing::Test {
 protected:
  std::vector<CallSite> stack_in(std::function<void()> body) {
    int ends[2];
    EXPECT_EQ(pipe(ends), 0);
    pipe_to_wait_for = ends[0];
    std::atomic<pid_t> id = 0;
    fiber::Bounds bounds;
    std::thread thread([&] {
      bounds = testing::stack_of_thread();
      id = os::thread_id();
      body();
    });
    os::ThreadCall call;
    EXPECT_TRUE(testing::eventually([&] {
      call = os::read_thread_call(id);
      return call.number == 0 && call.first_argument == static_cast<std::uint64_t>(ends[0]);  // read(2)
    }));
    const std::vector<CallSite> result =
        walk_stack(FrameRegisters(call.program_counter, call.stack_pointer), bounds, os::OwnMemory(), os::CodeMap());
    EXPECT_EQ(write(ends[1], "x", 1), 1);
    thread.join();
    close(ends[0]);
    close(ends[1]);
    return result;
  }

  // Which of the frames belongs to it; -1: none.
  template <class Function>
  static int index_of(const std::vector<CallSite>& stack, Function* function) {
    const auto begin = function_at(reinterpret_cast<std::uintptr_t>(function));
    const auto found = std::find_if(stack.begin(), stack.end(), [begin](const CallSite& site) {
      return function_at(site.program_counter - (site.is_return_address ? 1 : 0)) == begin;
    });
    return found == stack.end() ? -1 : static_cast<int>(std::distance(stack.begin(), found));
  }

  static bool has_guesses_before(const std::vector<CallSite>& stack, int end) {
    return std::any_of(stack.begin(), stack.begin() + end, [](const CallSite& site) { return site.is_guess; });
  }
};

TEST_F(StackWalk, FindsTheCallers) {
  const auto stack = stack_in([] { calls(unknown(waits)); });
  const int outer = index_of(stack, &calls);
  ASSERT_GT(outer, index_of(stack, &waits));
  EXPECT_GT(index_of(stack, &waits), 0) << "read() is above it";
  EXPECT_FALSE(has_guesses_before(stack, index_of(stack, &waits)));
}

TEST_F(StackWalk, FindsTheCallersOfAFrameWhoseBaseIsUnknown) {
  const auto stack = stack_in([] { calls(unknown([] { calls_by_frame_pointer(unknown(waits)); })); });
  const int inner = index_of(stack, &calls_by_frame_pointer);
  ASSERT_GT(inner, index_of(stack, &waits));
  EXPECT_GT(index_of(stack, &calls), inner);
}

// (TSan calls the handler from its own code.)
TEST_F(StackWalk, GoesThroughASignalHandlerAsync) {
  struct sigaction action = {}, former;
  action.sa_handler = handler;
  ASSERT_EQ(sigaction(SIGUSR1, &action, &former), 0);
  const auto stack = stack_in([] { calls(unknown(raises)); });
  sigaction(SIGUSR1, &former, nullptr);
  const int below = index_of(stack, &raises);
  ASSERT_GT(below, index_of(stack, &handler));
  EXPECT_GT(index_of(stack, &calls), below);
}

TEST(OwnMemory, WhatIsNotMappedIsAnError) {
  const os::OwnMemory memory;
  std::uint64_t word = 0;
  const std::uint64_t known = 42;
  EXPECT_TRUE(memory.copy(known, word));
  EXPECT_EQ(word, 42u);
  EXPECT_FALSE(memory.read(8, word));
  EXPECT_FALSE(memory.read(~std::uint64_t{0} - 7, word));
}

TEST(ThreadCall, SaysWhatIsNotAsleepAndWhatIsNotThere) {
  std::atomic<pid_t> id = 0;
  std::atomic<bool> stop = false;
  std::thread thread([&] {
    id = os::thread_id();
    while (!stop) testing::spin_a_little();
  });
  EXPECT_TRUE(testing::eventually(
      [&] { return id != 0 && os::read_thread_call(id).state == os::ThreadCall::State::kRunning; }));
  stop = true;
  thread.join();
  EXPECT_EQ(os::read_thread_call(0x7ffffff0).state, os::ThreadCall::State::kUnknown);
}

TEST(CodeMap, KnowsCodeFromData) {
  const os::CodeMap code;
  static int data = 0;
  EXPECT_NE(code.find(reinterpret_cast<std::uintptr_t>(&calls)), nullptr);
  EXPECT_EQ(code.find(reinterpret_cast<std::uintptr_t>(&data)), nullptr);
  EXPECT_EQ(code.find(0), nullptr);
  EXPECT_EQ(code.find(~std::uint64_t{0}), nullptr);
}

}  // namespace
}  // namespace preempt::core
