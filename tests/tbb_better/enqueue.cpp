// Bodies that threads from outside enqueue.
#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

#include "support/scale.h"
#include "support/wait.h"

namespace tbb_better {
namespace {

TEST(Enqueue, EachBodyRunsOnce) {
  constexpr int kThreads = 4;
  const int bodies = preempt::testing::scaled(25'000);  // of each thread
  std::vector<std::atomic<std::uint8_t>> runs(static_cast<std::size_t>(kThreads) * bodies);
  std::atomic<std::size_t> ended = 0;
  oneapi::tbb::task_arena arena(2, 0);
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, first = static_cast<std::size_t>(thread) * bodies] {
      for (std::size_t i = first; i < first + bodies; ++i) {
        arena.enqueue([&, i] {
          ++runs[i];
          ++ended;
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(preempt::testing::eventually([&] { return ended == runs.size(); }));
  std::size_t once = 0;
  for (const auto& count : runs) once += count == 1;
  EXPECT_EQ(once, runs.size());
}

}  // namespace
}  // namespace tbb_better
