// A pinned task is stopped, with its thread, at every instruction of malloc, printf, a throw and the hand-over of a
// mutex in libc; what they do is what they do undisturbed.
#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "fiber/sanitizer.h"
#include "support/stepped_run.h"

namespace preempt {
namespace {

using testing::Stepper;

// Sizes of a thread's cache, of the bins, and of a mapping of their own; blocks that join with their neighbours.
std::string allocate() {
  static constexpr std::size_t kSizes[] = {1, 24, 100, 100, 1000, 1040, 5000, 20000, 300'000, 3000, 64, 2000};
  std::vector<unsigned char*> blocks;
  std::size_t intact = 0;
  for (const std::size_t size : kSizes) {
    auto* block = static_cast<unsigned char*>(std::malloc(size));
    block[0] = block[size - 1] = static_cast<unsigned char>(size);
    blocks.push_back(block);
  }
  for (std::size_t i = 0; i < 6; i += 2) {
    blocks[i] = static_cast<unsigned char*>(std::realloc(blocks[i], kSizes[i] + 500));
  }
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto mark = static_cast<unsigned char>(kSizes[i]);
    intact += blocks[i][0] == mark && blocks[i][kSizes[i] - 1] == mark;
    std::free(blocks[i]);
  }
  return std::to_string(intact) + " of " + std::to_string(std::size(kSizes));
}

std::string print() {
  char text[200];
  const int length = std::snprintf(text, sizeof(text), "%d %-8s|%.17g %Lf %#llx", -42, "left", 0.1, 2.5L, 0xfeedULL);
  static FILE* const null = std::fopen("/dev/null", "w");
  const int written = std::fprintf(null, "%s\n", text) + std::fflush(null);
  return std::string(text) + " " + std::to_string(length) + " " + std::to_string(written);
}

struct Ends {
  ~Ends() { ++*ended; }
  int* ended;
};

[[gnu::noinline]] void throw_from(int depth, int* ended) {
  const Ends ends = {ended};
  if (depth == 0) throw std::runtime_error("thrown at the bottom");
  throw_from(depth - 1, ended);
  asm volatile("");  // keeps the call from being a jump
}

std::string throw_and_catch() {
  int ended = 0;
  try {
    throw_from(1, &ended);
  } catch (const std::runtime_error& error) {
    try {
      throw ended;
    } catch (const int number) {
      return error.what() + std::to_string(number) + std::to_string(std::uncaught_exceptions());
    }
  }
  return "not caught";
}

class LibcAsync : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fiber::kIsSanitized) GTEST_SKIP() << "the sanitizer's allocator and interceptors stand before libc";
  }

  // Steps `work` in a pinned task. What it returns must be what it returns undisturbed.
  void expect_undisturbed(std::string (*work)(), std::uint64_t least_steps) {
    const std::string undisturbed = work();
    std::string stepped;
    const Stepper::Counts counts =
        testing::stepped_run({.processors = 1, .kind = testing::TaskKind::kPinned},
                             [&](Stepper& stepper, Executor&) { stepper.step([&] { stepped = work(); }); });
    EXPECT_EQ(stepped, undisturbed);
    EXPECT_GE(counts.steps, least_steps);
    EXPECT_EQ(counts.stopped, counts.steps);
    EXPECT_EQ(counts.migrated, 0u);
  }
};

TEST_F(LibcAsync, Malloc) { expect_undisturbed(allocate, 2000); }

TEST_F(LibcAsync, Printf) { expect_undisturbed(print, 2000); }

TEST_F(LibcAsync, ThrowAndCatch) { expect_undisturbed(throw_and_catch, 5000); }

// Two tasks hand a mutex to each other, one of them stepped. While it is stopped with the mutex the other sleeps for
// it, and the processor is taken from there.
TEST_F(LibcAsync, MutexHandOver) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
  constexpr int kTurns = 20;
  int turn = 0;
  const auto take_turns = [&](int remainder) {
    for (int i = 0; i < kTurns; ++i) {
      pthread_mutex_lock(&mutex);
      while (turn % 2 != remainder) pthread_cond_wait(&turned, &mutex);
      ++turn;
      pthread_cond_signal(&turned);
      pthread_mutex_unlock(&mutex);
    }
  };
  const Stepper::Counts counts = testing::stepped_run(
      {.processors = 1, .kind = testing::TaskKind::kPinned, .beside = [&](Executor&) { take_turns(1); }},
      [&](Stepper& stepper, Executor&) { stepper.step([&] { take_turns(0); }); });
  EXPECT_EQ(turn, 2 * kTurns);
  EXPECT_GE(counts.steps, 2000u);
  EXPECT_EQ(counts.stopped, counts.steps);
}

}  // namespace
}  // namespace preempt
