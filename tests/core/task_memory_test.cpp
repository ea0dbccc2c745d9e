// Blocks of small tasks: no two owners, reuse across threads, alignment.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "fiber/sanitizer.h"
#include "preempt/detail/task.h"
#include "preempt/executor.h"
#include "support/scale.h"
#include "support/seed.h"

namespace preempt::detail {
namespace {

std::vector<void*> allocate(int count) {
  std::vector<void*> blocks;
  for (int i = 0; i < count; ++i) blocks.push_back(allocate_small_task());
  return blocks;
}

TEST(TaskMemory, BlocksAreApart) {
  const std::vector<void*> blocks = allocate(1000);
  for (std::size_t i = 0; i < blocks.size(); ++i) std::memset(blocks[i], static_cast<int>(i % 251), kSmallTask);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const auto* bytes = static_cast<const unsigned char*>(blocks[i]);
    for (std::size_t k = 0; k < kSmallTask; ++k) ASSERT_EQ(bytes[k], i % 251);
    free_small_task(blocks[i]);
  }
}

// What one thread destroys, another one's next tasks are made of.
TEST(TaskMemory, BlocksComeBackFromOtherThreads) {
  if (fiber::kIsSanitized) GTEST_SKIP() << "blocks are not reused under a sanitizer";
  constexpr int kBlocks = 10'000;
  const std::vector<void*> first = allocate(kBlocks);
  std::thread([&first] {
    for (void* block : first) free_small_task(block);
  }).join();
  const std::vector<void*> second = allocate(kBlocks);
  const std::set<void*> before(first.begin(), first.end());
  int again = 0;
  for (void* block : second) again += static_cast<int>(before.count(block));
  EXPECT_GT(again, kBlocks * 9 / 10);
  for (void* block : second) free_small_task(block);
}

// More than the store keeps goes to the heap, and what the last destructors of a thread do is served, too.
TEST(TaskMemory, MoreThanIsKept) {
  std::thread([] {
    for (void* block : allocate(100'000)) free_small_task(block);
  }).join();
  struct Last {
    ~Last() { free_small_task(allocate_small_task()); }
    void touch() {}
  };
  std::thread([] {
    thread_local Last last;
    last.touch();
    for (void* block : allocate(200)) free_small_task(block);
  }).join();
}

// Each block carries its owner's mark while it is owned; blocks change hands through a common heap.
TEST(TaskMemory, NoBlockHasTwoOwners) {
  const std::uint64_t seed = preempt::testing::choose_seed();
  const int rounds = preempt::testing::scaled(200'000);
  std::mutex mutex;
  std::vector<std::atomic<std::uint64_t>*> common;
  std::atomic<int> wrong = 0;
  const auto trade = [&](std::uint64_t number) {
    preempt::testing::Random random(seed + number);
    std::vector<std::atomic<std::uint64_t>*> own;
    for (int i = 0; i < rounds; ++i) {
      if (own.size() < 300 && random.one_in(2)) {
        own.push_back(new (allocate_small_task()) std::atomic<std::uint64_t>(number));
      } else if (!own.empty()) {
        std::atomic<std::uint64_t>* const block = own.back();
        own.pop_back();
        if (block->exchange(0) != number) ++wrong;
        if (random.one_in(2)) {
          free_small_task(block);
        } else {
          const std::lock_guard hold(mutex);
          common.push_back(block);
        }
      }
      if (random.one_in(64)) {
        const std::lock_guard hold(mutex);
        for (auto* block : common) free_small_task(block);
        common.clear();
      }
    }
    for (auto* block : own) free_small_task(block);
  };
  std::vector<std::thread> threads;
  for (std::uint64_t number = 1; number <= 4; ++number) threads.emplace_back(trade, number);
  for (std::thread& thread : threads) thread.join();
  for (auto* block : common) free_small_task(block);
  EXPECT_EQ(wrong, 0);
}

TEST(TaskMemory, AlignedAndLargeCallables) {
  struct alignas(256) Wide {
    std::array<char, 256> bytes = {};
  };
  Executor executor({.processors = 1});
  std::atomic<int> wrong = 0;
  for (int i = 0; i < 100; ++i) {
    executor.execute([wide = Wide(), &wrong] {
      if (reinterpret_cast<std::uintptr_t>(&wide) % 256 != 0) ++wrong;
    });
    executor.execute([large = std::array<char, 4096>(), &wrong] { wrong += large[17]; });
    executor.execute([small = std::array<char, 48>(), &wrong] { wrong += small[17]; });
  }
  executor.drain();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace preempt::detail
