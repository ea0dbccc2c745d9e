// Executors come and go, and are filled while they are drained and ended: no task is lost and none runs twice.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <thread>
#include <vector>

#include "preempt/executor.h"
#include "support/scale.h"
#include "support/seed.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::nanoseconds;
using testing::Random;
using testing::scaled;

std::uint64_t seed() {
  static const std::uint64_t chosen = testing::choose_seed();
  return chosen;
}

// Counts how often each task ran.
class Roll {
 public:
  explicit Roll(std::size_t size) : calls_(size) {}

  void call(std::size_t task) { ++calls_[task]; }

  // How many of the first `accepted` did not run exactly once.
  std::size_t wrong(std::size_t accepted) const {
    std::size_t result = 0;
    for (std::size_t i = 0; i < accepted; ++i) result += calls_[i] == 1 ? 0 : 1;
    return result;
  }

  std::size_t ran() const {
    std::size_t result = 0;
    for (const std::atomic<int>& calls : calls_) result += static_cast<std::size_t>(calls);
    return result;
  }

  const std::atomic<int>& of(std::size_t task) const { return calls_[task]; }

 private:
  std::vector<std::atomic<int>> calls_;
};

Options random_options(Random& random) {
  constexpr Preemption kAll[] = {Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe,
                                 Preemption::kEverywhere};
  const int processors = 1 + static_cast<int>(random.below(4));
  return {.processors = processors,
          .time_slice = microseconds(20 + random.below(200)),
          .preemption = kAll[random.below(4)],
          .max_threads = processors + static_cast<int>(random.below(30)),
          .migratable = random.one_in(4)};
}

nanoseconds random_work(Random& random) { return microseconds(random.one_in(20) ? 300 : random.below(10)); }

TEST(LifetimeStress, TwoExecutorsAtOnce) {
  Random random(seed());
  const auto tasks = static_cast<std::size_t>(scaled(20'000));
  for (int round = 0; round < 3; ++round) {
    Roll first_roll(tasks), second_roll(tasks), relayed_roll(tasks);
    Executor first(random_options(random)), second(random_options(random));
    for (std::size_t i = 0; i < tasks; ++i) {
      const nanoseconds work = random_work(random);
      first.execute([&, i, work] {
        testing::busy_for(work);
        first_roll.call(i);
        second.execute([&, i] { relayed_roll.call(i); });
      });
      second.execute([&, i] { second_roll.call(i); });
    }
    first.drain();
    second.drain();
    EXPECT_EQ(first_roll.wrong(tasks) + second_roll.wrong(tasks) + relayed_roll.wrong(tasks), 0u);
  }
}

TEST(LifetimeStress, ThousandExecutorsMadeAndDestroyed) {
  Random random(seed() + 1);
  const std::size_t threads_before = testing::threads_of_this_process().size();
  const int executors = scaled(1000);
  for (int i = 0; i < executors; ++i) {
    const std::size_t tasks = random.below(20);
    Roll roll(tasks);
    {
      Executor executor(random_options(random));
      for (std::size_t task = 0; task < tasks; ++task) {
        executor.execute([&, task, work = random_work(random)] {
          testing::busy_for(work);
          roll.call(task);
        });
      }
      if (random.one_in(2)) executor.drain();
      if (random.one_in(2)) executor.shutdown();
    }
    ASSERT_EQ(roll.wrong(tasks), 0u) << "executor " << i;
  }
  EXPECT_TRUE(testing::eventually([&] { return testing::threads_of_this_process().size() <= threads_before; }))
      << "threads were left behind";
}

TEST(LifetimeStress, SeveralThreadsMakeExecutorsAtTheSameTime) {
  const int each = scaled(50);
  std::atomic<std::size_t> wrong = 0;
  std::vector<std::thread> makers;
  for (std::uint64_t maker = 0; maker < 4; ++maker) {
    makers.emplace_back([&, maker] {
      Random random(seed() + 2 + maker);
      for (int i = 0; i < each; ++i) {
        Roll roll(10);
        {
          Executor executor(random_options(random));
          for (std::size_t task = 0; task < 10; ++task) executor.execute([&, task] { roll.call(task); });
        }
        wrong += roll.wrong(10);
      }
    });
  }
  for (std::thread& maker : makers) maker.join();
  EXPECT_EQ(wrong, 0u);
}

TEST(LifetimeStress, TasksSubmittedFromEightThreadsWhileDraining) {
  constexpr std::size_t kSubmitters = 8;
  Random random(seed() + 10);
  const auto each = static_cast<std::size_t>(scaled(5'000));
  for (int round = 0; round < 3; ++round) {
    Roll roll(kSubmitters * each);
    Executor executor(random_options(random));
    std::atomic<std::size_t> submitting = kSubmitters;
    std::vector<std::thread> submitters;
    for (std::size_t submitter = 0; submitter < kSubmitters; ++submitter) {
      submitters.emplace_back([&, submitter, own = Random(random.next())]() mutable {
        for (std::size_t i = 0; i < each; ++i) {
          executor.execute([&, task = submitter * each + i, work = random_work(own)] {
            testing::busy_for(work);
            roll.call(task);
          });
        }
        --submitting;
      });
    }
    // At least once, should the submitters be faster than this thread.
    do {
      executor.drain();
    } while (submitting > 0);
    for (std::thread& submitter : submitters) submitter.join();
    executor.drain();
    EXPECT_EQ(roll.wrong(kSubmitters * each), 0u);
  }
}

// The accepted ones run once, the refused ones never, although the queue is full and submitters wait for room.
TEST(LifetimeStress, ShutdownWithAFullQueue) {
  constexpr std::size_t kSubmitters = 8, kEach = 200'000;
  Random random(seed() + 20);
  const int rounds = scaled(20);
  for (int round = 0; round < rounds; ++round) {
    Roll accepted(kSubmitters), ran(kSubmitters);
    Options options = random_options(random);
    options.queue_capacity = 1 + random.below(16);
    Executor executor(options);
    std::vector<std::thread> submitters;
    for (std::size_t submitter = 0; submitter < kSubmitters; ++submitter) {
      submitters.emplace_back([&, submitter] {
        for (std::size_t i = 0; i < kEach; ++i) {
          try {
            const auto task = [&, submitter] { ran.call(submitter); };
            if (i % 4 == 0) {
              if (executor.try_execute(task)) accepted.call(submitter);
            } else {
              executor.execute(task);
              accepted.call(submitter);
            }
          } catch (const std::runtime_error&) {
            return;
          }
        }
      });
    }
    std::this_thread::sleep_for(microseconds(random.below(5000)));
    executor.shutdown();
    for (std::thread& submitter : submitters) submitter.join();
    for (std::size_t i = 0; i < kSubmitters; ++i) EXPECT_EQ(ran.of(i), accepted.of(i)) << "submitter " << i;
    const Stats stats = executor.stats();
    EXPECT_EQ(stats.tasks_submitted, accepted.ran());
    EXPECT_EQ(stats.tasks_completed, stats.tasks_submitted);
  }
}

TEST(LifetimeStress, TasksStillRunWhenTheLastOwnerLetsGo) {
  Random random(seed() + 30);
  const int rounds = scaled(200);
  for (int round = 0; round < rounds; ++round) {
    std::atomic<int> ran = 0;
    {
      Executor executor(random_options(random));
      executor.execute([&] {
        for (int i = 0; i < 10; ++i) {
          executor.execute([&] {
            ++ran;
            executor.execute([&] { ++ran; });
          });
        }
      });
    }
    ASSERT_EQ(ran, 20) << "round " << round;
  }
}

}  // namespace
}  // namespace preempt
