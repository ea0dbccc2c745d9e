// An arena may go while its bodies are queued, run or block: all of them end all the same.
#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>
#include <chrono>
#include <optional>

#include "support/scale.h"
#include "support/wait.h"
#include "tbb_better/gates.h"

namespace tbb_better {
namespace {

using oneapi::tbb::task_arena;
using preempt::testing::busy_for;
using preempt::testing::eventually;
using preempt::testing::scaled;
using std::chrono::microseconds;

class ArenaLifetime : public ::testing::Test {
 protected:
  bool all_end(int bodies) const {
    return eventually([&] { return ended_ == bodies; });
  }

  FutureGate gate_;
  std::atomic<int> begun_ = 0, ended_ = 0;
  std::optional<task_arena> arena_{std::in_place, 2, 0};
};

TEST_F(ArenaLifetime, EndsBeforeItsQueue) {
  const int bodies = scaled(1'000);
  for (int i = 0; i < bodies; ++i) {
    arena_->enqueue([this] {
      busy_for(microseconds(20));
      ++ended_;
    });
  }
  arena_.reset();
  EXPECT_TRUE(all_end(bodies));
}

// oneTBB 2021.8 ran not all of them within 20 s on a machine full of work.
TEST_F(ArenaLifetime, ManyEndAsSoonAsTheirQueuesAreFull) {
  constexpr int kArenas = 50, kBodies = 4;
  for (int i = 0; i < kArenas; ++i) {
    task_arena arena(2);
    for (int j = 0; j < kBodies; ++j) arena.enqueue([this] { ++ended_; });
  }
  EXPECT_TRUE(all_end(kArenas * kBodies));
}

TEST_F(ArenaLifetime, EndsWhileBodiesBlock) {
  constexpr int kBodies = 8;
  for (int i = 0; i < kBodies; ++i) {
    arena_->enqueue([this] {
      ++begun_;
      gate_.wait();
      ++ended_;
    });
  }
  EXPECT_TRUE(eventually([this] { return begun_ == kBodies; }));
  arena_.reset();
  gate_.open();
  EXPECT_TRUE(all_end(kBodies));
}

// What the blocked body does afterwards is work for the arena that nobody has a handle of.
TEST_F(ArenaLifetime, EndsBeforeItsBodiesEnqueueAndLoop) {
  constexpr int kIterations = 100, kBodies = 10;
  arena_->enqueue([this] {
    gate_.wait();
    oneapi::tbb::parallel_for(0, kIterations, [this](int) { ++ended_; });
    for (int i = 0; i < kBodies; ++i) {
      oneapi::tbb::this_task_arena::enqueue([this] { ++ended_; });
    }
  });
  arena_.reset();
  gate_.open();
  EXPECT_TRUE(all_end(kIterations + kBodies));
}

TEST_F(ArenaLifetime, ManyShortOnes) {
  const int arenas = scaled(300);
  constexpr int kBodies = 5;
  for (int i = 0; i < arenas; ++i) {
    task_arena arena(1 + i % 3, 0);
    for (int body = 0; body < kBodies; ++body) arena.enqueue([this] { ++ended_; });
  }
  EXPECT_TRUE(all_end(kBodies * arenas));
}

}  // namespace
}  // namespace tbb_better
