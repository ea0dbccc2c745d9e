// A wait inside of a body never runs an unrelated body on the waiter's stack. (The waiter's own group may run there.)
#include <gtest/gtest.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <chrono>
#include <mutex>

#include "support/scale.h"
#include "support/wait.h"

namespace tbb_better {
namespace {

using oneapi::tbb::parallel_for;
using oneapi::tbb::task_arena;
using oneapi::tbb::task_group;
using preempt::testing::busy_for;
using preempt::testing::eventually;
using preempt::testing::scaled;
using std::chrono::microseconds;

thread_local bool inside_wait = false;

// Around a wait: whoever sees the mark and is none of those waited for runs where it must not.
class WaitMark {
 public:
  WaitMark() { inside_wait = true; }
  ~WaitMark() { inside_wait = false; }
  WaitMark(const WaitMark&) = delete;
  WaitMark& operator=(const WaitMark&) = delete;
};

class IsolatedWaits : public ::testing::Test {
 protected:
  // Waits for a group behind which `spawn_others()` has put other work.
  template <class SpawnOthers>
  void wait_for_group(SpawnOthers spawn_others) {
    note();
    task_group group;
    for (int i = 0; i < 4; ++i) group.run([] { busy_for(microseconds(50)); });
    spawn_others();
    {
      const WaitMark mark;
      group.wait();
    }
    ++ended_;
  }

  void wait_for_loop() {
    note();
    {
      const WaitMark mark;
      parallel_for(
          0, 8, [](int) { busy_for(microseconds(50)); }, oneapi::tbb::simple_partitioner());
    }
    ++ended_;
  }

  void run_unrelated() {
    note();
    busy_for(microseconds(20));
    ++ended_;
  }

  const int waits_ = scaled(200);
  std::atomic<int> ended_ = 0;
  std::atomic<int> intruders_ = 0;  // that saw the mark

 private:
  void note() { intruders_ += inside_wait; }
};

TEST_F(IsolatedWaits, LeaveEnqueuedBodies) {
  task_arena arena(2, 0);
  for (int i = 0; i < waits_; ++i) {
    arena.enqueue([&] { wait_for_group([&] { arena.enqueue([this] { run_unrelated(); }); }); });
  }
  EXPECT_TRUE(eventually([this] { return ended_ == 2 * waits_; }));
  EXPECT_EQ(intruders_, 0);
}

TEST_F(IsolatedWaits, LeaveBodiesOfAnotherGroup) {
  task_group outer;
  for (int i = 0; i < waits_; ++i) {
    outer.run([&] { wait_for_group([&] { outer.run([this] { run_unrelated(); }); }); });
  }
  outer.wait();
  EXPECT_EQ(ended_, 2 * waits_);
  EXPECT_EQ(intruders_, 0);
}

TEST_F(IsolatedWaits, LeaveIterationsOfAnOuterLoop) {
  parallel_for(
      0, 2 * waits_, [this](int i) { i % 2 == 0 ? wait_for_loop() : run_unrelated(); },
      oneapi::tbb::simple_partitioner());
  EXPECT_EQ(ended_, 2 * waits_);
  EXPECT_EQ(intruders_, 0);
}

// What follows: a body may hold a lock across a wait, which others take too. One that ran on the waiter's stack would
// wait for a lock of its own thread.
TEST_F(IsolatedWaits, MayHoldALock) {
  const int waits = scaled(20);
  std::mutex mutex;
  task_group outer;
  for (int i = 0; i < waits; ++i) {
    outer.run([&] {
      const std::lock_guard lock(mutex);
      wait_for_group([&] {
        outer.run([&] {
          const std::lock_guard lock_too(mutex);
          run_unrelated();
        });
      });
    });
  }
  outer.wait();
  EXPECT_EQ(ended_, 2 * waits);
  EXPECT_EQ(intruders_, 0);
}

}  // namespace
}  // namespace tbb_better
