// A place in the arena is reserved for the thread that calls execute(): its functor runs on that thread, even when
// workers took the place while the thread slept.
#include <gtest/gtest.h>
#include <oneapi/tbb/task_arena.h>
#include <oneapi/tbb/task_group.h>

#include <atomic>
#include <thread>

#include "support/wait.h"
#include "tbb_better/gates.h"

namespace tbb_better {
namespace {

using oneapi::tbb::task_arena;
using oneapi::tbb::task_group;
using preempt::testing::eventually;
using preempt::testing::spin_a_little;

// False when another thread ran the functor.
bool is_there_after_a_sleep() {
  constexpr int kBodies = 2;  // as many as there are places
  std::atomic<int> begun = 0;
  std::atomic<bool> stop = false;
  bool is_caller = false;
  FutureGate gate;
  task_arena arena(kBodies);
  task_group group;
  std::thread opener([&] {
    EXPECT_TRUE(eventually([&] { return begun == kBodies; }));
    gate.open();
  });
  arena.execute([&] {
    for (int i = 0; i < kBodies; ++i) {
      group.run([&] {
        ++begun;
        while (!stop) spin_a_little();
      });
    }
    gate.wait();
  });
  opener.join();
  arena.execute([&, caller = std::this_thread::get_id()] {
    is_caller = std::this_thread::get_id() == caller;
    stop = true;
    group.wait();
  });
  return is_caller;
}

// Now and then the pacer finds the first body long before the second one has begun: then there is a place anyway.
TEST(ReservedPlace, IsThereWhileWorkersComputeThatCameWhenItsThreadSlept) {
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(is_there_after_a_sleep());
}

}  // namespace
}  // namespace tbb_better
