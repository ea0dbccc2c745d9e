#include "preempt/sync/mutex.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>

#include "support/scale.h"
#include "support/wait.h"
#include "support/waiting_kinds.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::Kind;
using testing::Runner;

class MutexTest : public testing::ForEachKind {};
PREEMPT_FOR_EACH_KIND(MutexTest);

TEST_P(MutexTest, ExcludesAndLosesNobody) {
  Mutex mutex;
  long counter = 0;  // under the mutex
  const int rounds = testing::scaled(2000);
  constexpr int kTasks = 16;
  {
    Runner runner(GetParam());
    for (int i = 0; i < kTasks; ++i) {
      runner.run([&] {
        for (int k = 0; k < rounds; ++k) {
          const std::lock_guard lock(mutex);
          const long before = counter;
          if (k % 64 == 0) testing::spin_a_little();
          counter = before + 1;
        }
      });
    }
  }
  EXPECT_EQ(counter, long{kTasks} * rounds);
}

TEST(MutexOfAllKinds, ExcludesThemFromEachOther) {
  Mutex mutex;
  long counter = 0;
  const int rounds = testing::scaled(1000);
  constexpr int kEach = 4;
  {
    Runner pinned(Kind::kPinned, 1), migratable(Kind::kMigratable, 2), threads(Kind::kThread);
    for (Runner* runner : {&pinned, &migratable, &threads}) {
      for (int i = 0; i < kEach; ++i) {
        runner->run([&] {
          for (int k = 0; k < rounds; ++k) {
            const std::lock_guard lock(mutex);
            ++counter;
          }
        });
      }
    }
  }
  EXPECT_EQ(counter, 3L * kEach * rounds);
}

TEST_P(MutexTest, TryLockForGivesUpAndLaterSucceeds) {
  Mutex mutex;
  mutex.lock();
  std::atomic<bool> gave_up = false, got_it = false;
  Runner runner(GetParam());
  runner.run([&] {
    const auto begin = std::chrono::steady_clock::now();
    if (mutex.try_lock() || mutex.try_lock_for(5ms)) return;
    gave_up = std::chrono::steady_clock::now() - begin >= 5ms;
    std::unique_lock<Mutex> lock(mutex, std::chrono::steady_clock::now() + 60s);
    got_it = lock.owns_lock();
  });
  ASSERT_TRUE(testing::eventually([&gave_up] { return gave_up.load(); }));
  mutex.unlock();
  runner.join();
  EXPECT_TRUE(got_it);
  EXPECT_TRUE(mutex.try_lock());
  mutex.unlock();
}

// Waiters that give up and wake-ups that come at the same time: a wake-up spent on one that is gone would leave another
// one waiting for ever.
TEST_P(MutexTest, NoWakeUpIsLostToOneThatGaveUp) {
  Mutex mutex;
  std::atomic<long> locked = 0;
  const int rounds = testing::scaled(500);
  {
    Runner runner(GetParam());
    for (int i = 0; i < 8; ++i) {
      runner.run([&, i] {
        for (int k = 0; k < rounds; ++k) {
          if (i % 2 == 0) {
            mutex.lock();
          } else if (!mutex.try_lock_for(std::chrono::microseconds(10 * (k % 10)))) {
            continue;
          }
          ++locked;
          testing::spin_a_little();
          mutex.unlock();
        }
      });
    }
  }
  EXPECT_GE(locked, 4L * rounds);
}

// Who has locked it after the last other user may destroy it at once.
TEST_P(MutexTest, MayBeDestroyedByTheNextOwner) {
  Runner runner(GetParam());
  const int rounds = testing::scaled(500);
  for (int i = 0; i < rounds; ++i) {
    struct Shared {
      Mutex mutex;
      bool done = false;
    };
    auto* shared = new Shared;
    runner.run([shared] {
      const std::lock_guard lock(shared->mutex);
      shared->done = true;
    });
    runner.run([shared] {
      for (;;) {
        std::unique_lock lock(shared->mutex);
        if (shared->done) break;
        lock.unlock();
        yield();
      }
      delete shared;
    });
    if (i % 50 == 49) runner.join();
  }
}

TEST(Mutex, WorksWithScopedLock) {
  Mutex a, b;
  const std::scoped_lock lock(a, b);
  EXPECT_FALSE(a.try_lock());
  EXPECT_FALSE(b.try_lock());
}

}  // namespace
}  // namespace preempt
