// While bodies block, each in its own way, other bodies go on, in the same arena and in another one. On oneTBB the
// blocked ones keep all threads.
#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>

#include <atomic>

#include "support/wait.h"
#include "tbb_better/gates.h"

namespace tbb_better {
namespace {

using oneapi::tbb::task_arena;
using preempt::testing::eventually;

constexpr int kBlocked = 8;  // more than slots and processors
constexpr int kOthers = 100;

template <class Gate>
class BlockedBodies : public ::testing::Test {
 protected:
  // Bodies still use the members.
  ~BlockedBodies() override {
    gate_.open();
    EXPECT_TRUE(eventually([this] { return passed_ == blocked_ && others_ended_ == others_; }));
  }

  // False when they have not all begun.
  bool block_in(task_arena& arena) {
    for (; blocked_ < kBlocked; ++blocked_) {
      arena.enqueue([this] {
        ++begun_;
        gate_.wait();
        ++passed_;
      });
    }
    return eventually([this] { return begun_ == kBlocked; });
  }

  // The last of them opens the gate.
  void run_others_in(task_arena& arena) {
    for (; others_ < kOthers; ++others_) {
      arena.enqueue([this] {
        if (++others_ran_ == kOthers) gate_.open();
        ++others_ended_;
      });
    }
  }

  bool all_passed() const {
    return eventually([this] { return passed_ == kBlocked; });
  }

  Gate gate_;
  int blocked_ = 0, others_ = 0;  // enqueued so far
  std::atomic<int> begun_ = 0, passed_ = 0, others_ran_ = 0, others_ended_ = 0;
  task_arena arena_{2, 0}, another_{2, 0};
};

using Gates = ::testing::Types<SleepingGate, PipeGate, FutureGate, ConditionGate>;
TYPED_TEST_SUITE(BlockedBodies, Gates);

TYPED_TEST(BlockedBodies, LetOthersOfTheirArenaRun) {
  EXPECT_TRUE(this->block_in(this->arena_));
  this->run_others_in(this->arena_);
  EXPECT_TRUE(this->all_passed());
}

TYPED_TEST(BlockedBodies, LetThoseOfAnotherArenaRun) {
  EXPECT_TRUE(this->block_in(this->arena_));
  this->run_others_in(this->another_);
  EXPECT_TRUE(this->all_passed());
}

}  // namespace
}  // namespace tbb_better
