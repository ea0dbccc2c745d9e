#include "preempt/sync/semaphore.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <stdexcept>
#include <vector>

#include "preempt/checkpoint.h"
#include "support/scale.h"
#include "support/wait.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::Runner;

class SemaphoreTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(SemaphoreTest);

TEST_P(SemaphoreTest, AdmitsItsCountOnly) {
  constexpr int kPlaces = 3;
  Semaphore places(kPlaces);
  std::atomic<int> inside = 0, most = 0;
  const int rounds = testing::scaled(300);
  {
    Runner runner(GetParam());
    for (int i = 0; i < 12; ++i) {
      runner.run([&] {
        for (int k = 0; k < rounds; ++k) {
          places.acquire();
          const int now = ++inside;
          int seen = most;
          while (now > seen && !most.compare_exchange_weak(seen, now)) {
          }
          if (k % 16 == 0) yield();
          --inside;
          places.release();
        }
      });
    }
  }
  EXPECT_LE(most, kPlaces);
  for (int i = 0; i < kPlaces; ++i) EXPECT_TRUE(places.try_acquire());
  EXPECT_FALSE(places.try_acquire());
}

TEST_P(SemaphoreTest, ServesInOrderOfArrival) {
  Semaphore none(0);
  std::atomic<int> arrived = 0;
  std::vector<int> order;
  Runner runner(GetParam(), 1);
  constexpr int kTasks = 10;
  for (int i = 0; i < kTasks; ++i) {
    runner.run([&, i] {
      ++arrived;
      none.acquire();
      order.push_back(i);
      none.release();
    });
    // One after the other onto the list; the sleep covers the steps from the count to it.
    ASSERT_TRUE(testing::eventually([&] { return arrived == i + 1; }));
    std::this_thread::sleep_for(10ms);
  }
  none.release();
  runner.join();
  for (int i = 0; i < kTasks; ++i) EXPECT_EQ(order[i], i);
}

TEST_P(SemaphoreTest, ReleasesSeveral) {
  Semaphore none(0);
  std::atomic<int> through = 0;
  Runner runner(GetParam());
  for (int i = 0; i < 10; ++i) {
    runner.run([&] {
      none.acquire();
      ++through;
    });
  }
  none.release(4);
  EXPECT_TRUE(testing::eventually([&through] { return through == 4; }));
  none.release(7);
  runner.join();
  EXPECT_EQ(through, 10);
  EXPECT_TRUE(none.try_acquire());
  EXPECT_FALSE(none.try_acquire_for(1ms));
}

TEST(Semaphore, BadCounts) {
  EXPECT_THROW(Semaphore(-1), std::invalid_argument);
  Semaphore semaphore(0);
  EXPECT_THROW(semaphore.release(-1), std::invalid_argument);
}

}  // namespace
}  // namespace preempt
