// With a pool of one, and an arena of one slot in it, bodies that wait for later ones all end.
#include <gtest/gtest.h>
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <vector>

namespace tbb_better {
namespace {

constexpr int kDepth = 20;
constexpr std::chrono::seconds kLimit(30);

// Shared by those who set it and those who wait for it: the waiter may go on while set_value() still returns.
using Signal = std::shared_ptr<std::promise<void>>;
Signal make_signal() { return std::make_shared<std::promise<void>>(); }

class OneSlot : public ::testing::Test {
 protected:
  // Waits for a body that is enqueued only now, and which does the same.
  void nest(int depth) {
    if (depth == 0) return;
    const Signal inner = make_signal();
    arena_.enqueue([this, depth, inner] {
      nest(depth - 1);
      inner->set_value();
    });
    inner->get_future().wait();
  }

  // Calls `f` in a body, and waits for its end. False when that does not come.
  template <class F>
  bool run_as_body(F f) {
    const Signal done = make_signal();
    arena_.enqueue([f, done] {
      f();
      done->set_value();
    });
    return done->get_future().wait_for(kLimit) == std::future_status::ready;
  }

  oneapi::tbb::global_control limit_{oneapi::tbb::global_control::max_allowed_parallelism, 1};
  oneapi::tbb::task_arena arena_{1, 0};
};

TEST_F(OneSlot, NestedFutures) {
  EXPECT_TRUE(run_as_body([this] { nest(kDepth); }));
}

// All are enqueued; each waits for the one behind it.
TEST_F(OneSlot, ChainOfFutures) {
  std::vector<Signal> ends;
  for (int i = 0; i <= kDepth; ++i) ends.push_back(make_signal());
  for (int i = 0; i < kDepth; ++i) {
    arena_.enqueue([mine = ends[i], next = ends[i + 1]] {
      next->get_future().wait();
      mine->set_value();
    });
  }
  arena_.enqueue([last = ends[kDepth]] { last->set_value(); });
  EXPECT_EQ(ends[0]->get_future().wait_for(kLimit), std::future_status::ready);
}

// Whichever of the two begins first.
TEST_F(OneSlot, BodiesOfAGroupThatWaitForEachOther) {
  EXPECT_TRUE(run_as_body([] {
    const Signal there = make_signal(), back = make_signal();
    oneapi::tbb::task_group group;
    group.run([there, back] {
      there->set_value();
      back->get_future().wait();
    });
    group.run([there, back] {
      back->set_value();
      there->get_future().wait();
    });
    EXPECT_EQ(group.wait(), oneapi::tbb::complete);
  }));
}

// A body blocks inside of an algorithm, with another algorithm in the body that it waits for.
TEST_F(OneSlot, AlgorithmWhoseBodiesWaitForOthers) {
  EXPECT_TRUE(run_as_body([this] {
    std::atomic<int> ran = 0;
    oneapi::tbb::parallel_for(0, kDepth, [&](int) {
      const Signal done = make_signal();
      arena_.enqueue([&ran, done] {
        oneapi::tbb::parallel_for(0, 10, [&](int) { ++ran; });
        done->set_value();
      });
      done->get_future().wait();
    });
    EXPECT_EQ(ran, 10 * kDepth);
  }));
}

// The thread that calls execute() is none of the pool's, and has the slot while it waits.
TEST_F(OneSlot, CallerOfExecuteWaitsForABody) {
  arena_.execute([this] { nest(1); });
}

TEST_F(OneSlot, MainThreadThatBlocksInItsWait) {
  std::promise<void> promise;
  oneapi::tbb::task_group group;
  group.run([&] { promise.set_value(); });
  group.run([&] { promise.get_future().wait(); });  // spawned last, so found first
  group.wait();
}

}  // namespace
}  // namespace tbb_better
