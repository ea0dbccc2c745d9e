// Programs keep an array with an element for each slot and index it by current_thread_index(), without a lock: no two
// bodies that have begun and not ended, be they running, blocked or preempted, may have the same index.
#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "support/scale.h"
#include "support/wait.h"

namespace tbb_better {
namespace {

using oneapi::tbb::task_arena;
using oneapi::tbb::task_group;
using oneapi::tbb::this_task_arena::current_thread_index;
using preempt::testing::busy_for;
using preempt::testing::eventually;
using preempt::testing::scaled;
using std::chrono::milliseconds;

// Who is in which slot, and what was wrong.
class Slots {
 public:
  explicit Slots(int count) : bodies_(count) {}

  // Notes where the caller is, calls `f`, and looks whether it is still there, alone.
  template <class F>
  void use(F f) {
    const int index = current_thread_index();
    if (index < 0 || index >= static_cast<int>(bodies_.size())) {
      ++outside_;
      return;
    }
    if (bodies_[index]++ != 0) ++shared_;
    f();
    if (current_thread_index() != index) ++moved_;
    --bodies_[index];
  }

  void expect_all_right() const {
    EXPECT_EQ(outside_, 0);
    EXPECT_EQ(shared_, 0);
    EXPECT_EQ(moved_, 0);
  }

 private:
  std::vector<std::atomic<int>> bodies_;
  std::atomic<int> outside_ = 0, shared_ = 0, moved_ = 0;
};

// One in three blocks, one in three is preempted again and again.
void run_body(int i) {
  switch (i % 3) {
    case 0:
      std::this_thread::sleep_for(milliseconds(1));
      break;
    case 1:
      busy_for(milliseconds(2));
      break;
    default:
      break;
  }
}

class SlotIndices : public ::testing::TestWithParam<int> {
 protected:
  const int bodies_ = scaled(600);
};

TEST_P(SlotIndices, OfEnqueuedBodies) {
  task_arena arena(GetParam(), 0);
  arena.initialize();
  Slots slots(arena.max_concurrency());
  std::atomic<int> ended = 0;
  for (int i = 0; i < bodies_; ++i) {
    arena.enqueue([&, i] {
      slots.use([i] { run_body(i); });
      ++ended;
    });
  }
  EXPECT_TRUE(eventually([&] { return ended == bodies_; }));
  slots.expect_all_right();
}

// The thread that waits for the group has a slot of the arena too.
TEST_P(SlotIndices, OfSpawnedBodies) {
  task_arena arena(GetParam());
  arena.initialize();
  Slots slots(arena.max_concurrency());
  arena.execute([&] {
    task_group group;
    for (int i = 0; i < bodies_; ++i) group.run([&, i] { slots.use([i] { run_body(i); }); });
    group.wait();
  });
  slots.expect_all_right();
}

INSTANTIATE_TEST_SUITE_P(Concurrency, SlotIndices, ::testing::Values(1, 2, 4, task_arena::automatic),
                         [](const auto& info) {
                           return info.param == task_arena::automatic ? "Automatic" : std::to_string(info.param);
                         });

// As the bodies see it, in the arena that a thread has without asking.
TEST(SlotIndicesOfTheImplicitArena, OfSpawnedBodies) {
  const int bodies = scaled(600);
  Slots slots(oneapi::tbb::this_task_arena::max_concurrency());
  task_group group;
  for (int i = 0; i < bodies; ++i) group.run([&, i] { slots.use([i] { run_body(i); }); });
  group.wait();
  slots.expect_all_right();
}

// Bodies that ask for an index and then wait for `levels` more levels of such bodies, which workers begin that have
// none.
void nest(int levels, std::atomic<int>& ended) {
  oneapi::tbb::parallel_for(
      0, 4,
      [&](int) {
        ASSERT_GE(current_thread_index(), 0);
        busy_for(milliseconds(1));
        if (levels > 0) nest(levels - 1, ended);
        ++ended;
      },
      oneapi::tbb::simple_partitioner());
}

TEST(SlotIndices, AreLentToTheBodiesThatTheirHoldersWaitFor) {
  for (int round = 0; round < scaled(10); ++round) {
    std::atomic<int> ended = 0;
    nest(1, ended);
    EXPECT_EQ(ended, 4 + 16);
  }
}

TEST(SlotIndices, AreLentOn) {
  for (int round = 0; round < scaled(5); ++round) {
    std::atomic<int> ended = 0;
    nest(2, ended);
    EXPECT_EQ(ended, 4 + 16 + 64);
  }
}

}  // namespace
}  // namespace tbb_better
