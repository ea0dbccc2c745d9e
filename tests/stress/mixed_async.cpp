// Everything at once, at random: tasks of all kinds that compute, yield, sleep, block, allocate, throw, lock, submit
// and wait, on one to four processors at slices of 20 to 100 us. Each task is counted exactly once.
//
//   mixed_async [seed]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/scale.h"
#include "support/seed.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using testing::Random;
using testing::scaled;

PREEMPT_SIGNAL_SAFE void spin_marked(std::uint64_t turns) {
  for (std::uint64_t i = 0; i < turns; ++i) asm volatile("");
}

// The tasks of one executor and what became of them.
class Mix {
 public:
  Mix(std::uint64_t seed, std::size_t tasks) : random_(seed), calls_(tasks) {}

  // False when a task was lost, ran twice or saw something wrong.
  bool run() {
    Options options = random_options();
    std::printf("  processors %d, slice %lld us, preemption %d, growth %d, max_threads %d\n", options.processors,
                static_cast<long long>(options.time_slice.count() / 1000), static_cast<int>(options.preemption),
                options.slice_growth, options.max_threads);
    options.on_exception = [this](std::exception_ptr) { ++caught_; };
    Executor executor(options);
    executor_ = &executor;
    // As many at a time as cannot use up all threads by waiting for their children.
    while (next_ < calls_.size()) {
      for (int i = 0; i < 16; ++i) submit(random_.next(), 0);
      executor.drain();
    }
    executor.shutdown();
    return all_counted(executor.stats());
  }

 private:
  Options random_options() {
    constexpr Preemption kAll[] = {Preemption::kCheckpoints, Preemption::kSignalSafe, Preemption::kEverywhere,
                                   Preemption::kEverywhere, Preemption::kEverywhere};
    const int processors = 1 + static_cast<int>(random_.below(4));
    return {.processors = processors,
            .time_slice = microseconds(20 + random_.below(81)),
            .preemption = kAll[random_.below(5)],
            .max_threads = processors + 100 + static_cast<int>(random_.below(400)),
            .slice_growth = 1 + static_cast<int>(random_.below(4))};
  }

  // Submits a task with a random life of its own, if there is one left. `depth` bounds the chains of waiting tasks.
  void submit(std::uint64_t seed, int depth) {
    const std::size_t number = next_++;
    if (number >= calls_.size()) return;
    Random random(seed);
    const TaskOptions options = random_task_options(random);
    const bool throws = random.one_in(10);
    executor_->execute([=, this] { live(number, Random(seed ^ 1), options.migratable, depth, throws); }, options);
    if (throws) ++thrown_;
  }

  // As submit(), and waits for the task.
  void submit_and_wait(std::uint64_t seed, int depth) {
    const std::size_t number = next_++;
    if (number >= calls_.size()) return;
    Random random(seed);
    const TaskOptions options = random_task_options(random);
    const bool throws = random.one_in(3);
    std::future<int> future = executor_->submit(
        [=, this] {
          live(number, Random(seed ^ 1), options.migratable, depth, throws);
          return static_cast<int>(number);
        },
        options);
    try {
      if (future.get() != static_cast<int>(number) || throws) ++wrong_;
    } catch (const std::runtime_error& error) {
      if (!throws || error.what() != std::to_string(number)) ++wrong_;
    }
  }

  static TaskOptions random_task_options(Random& random) {
    constexpr Priority kAll[] = {Priority::kHigh, Priority::kNormal, Priority::kNormal, Priority::kBackground};
    return {.priority = kAll[random.below(4)],
            .name = random.one_in(4) ? "named" : "",
            .time_slice = microseconds(random.one_in(8) ? 20 + random.below(500) : 0),
            .migratable = random.one_in(2)};
  }

  // What a task does. Nothing in it keeps a thread's identity over a checkpoint, so it may be migratable.
  void live(std::size_t number, Random random, bool migratable, int depth, bool throws) {
    ++calls_[number];
    const std::uint64_t steps = random.below(8);
    for (std::uint64_t i = 0; i < steps; ++i) step(random, migratable, depth);
    if (throws) throw std::runtime_error(std::to_string(number));
  }

  void step(Random& random, bool migratable, int depth) {
    const auto time = microseconds(random.below(random.one_in(5) ? 400 : 40));
    switch (random.below(migratable ? 12 : 14)) {
      case 0:
        return yield();
      case 1:
        return PREEMPT_CHECKPOINT();
      case 2:
        return sleep_for(time);
      case 3:
        return block(time, random.one_in(2));
      case 4:
        return submit(random.next(), depth + 1);
      case 5:
        return depth < 2 ? submit_and_wait(random.next(), depth + 1) : yield();
      case 6:
        return throw_and_catch(random.next());
      case 7:
        return allocate(random);
      case 8:
        return spin_marked(random.below(200'000));
      case 9: {
        const NoPreempt no_preempt;
        testing::busy_for(time);
        return PREEMPT_CHECKPOINT();
      }
      case 10:
      case 11:
        return testing::busy_for(time);
      case 12:
        return lock(time);
      default:
        return keep_thread(random.next(), time);
    }
  }

  static void block(microseconds time, bool at_once) {
    if (at_once) {
      const Blocking blocking(kNow);
      std::this_thread::sleep_for(time);
    } else {
      const Blocking blocking;
      std::this_thread::sleep_for(time);
    }
  }

  // The exception in flight belongs to the task, also when another one throws on the same thread meanwhile.
  void throw_and_catch(std::uint64_t number) {
    try {
      throw std::runtime_error(std::to_string(number));
    } catch (const std::runtime_error& error) {
      yield();
      if (error.what() != std::to_string(number)) ++wrong_;
    }
  }

  void allocate(Random& random) {
    std::vector<std::string> texts;
    for (std::uint64_t i = 0; i < 50; ++i) texts.emplace_back(random.below(500), static_cast<char>('a' + i % 26));
    PREEMPT_CHECKPOINT();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      if (texts[i].find_first_not_of(static_cast<char>('a' + i % 26)) != std::string::npos) ++wrong_;
    }
  }

  void lock(microseconds time) {
    const std::lock_guard guard(mutex_);
    if (locked_first_ != locked_second_) ++wrong_;
    ++locked_first_;
    testing::busy_for(time);
    PREEMPT_CHECKPOINT();
    ++locked_second_;
  }

  // A pinned task has its thread to itself until it ends.
  void keep_thread(std::uint64_t mark, microseconds time) {
    thread_local std::uint64_t marked = 0;
    const auto thread = std::this_thread::get_id();
    marked = mark;
    testing::busy_for(time);
    yield();
    if (marked != mark || std::this_thread::get_id() != thread) ++wrong_;
  }

  bool all_counted(const Stats& stats) const {
    std::size_t lost = 0, twice = 0;
    for (const std::atomic<int>& calls : calls_) {
      lost += calls == 0 ? 1 : 0;
      twice += calls > 1 ? 1 : 0;
    }
    std::printf("  lost %zu, twice %zu, wrong %d, thrown %d, caught %d, submitted %llu, completed %llu\n", lost, twice,
                wrong_.load(), thrown_.load(), caught_.load(), static_cast<unsigned long long>(stats.tasks_submitted),
                static_cast<unsigned long long>(stats.tasks_completed));
    std::printf("  thread preemptions %llu, fiber preemptions %llu, checkpoint yields %llu, hand-offs %llu\n",
                static_cast<unsigned long long>(stats.thread_preemptions),
                static_cast<unsigned long long>(stats.fiber_preemptions),
                static_cast<unsigned long long>(stats.checkpoint_yields),
                static_cast<unsigned long long>(stats.handoffs));
    return lost == 0 && twice == 0 && wrong_ == 0 && thrown_ == caught_ && stats.tasks_submitted == calls_.size() &&
           stats.tasks_completed == calls_.size() && locked_first_ == locked_second_;
  }

  Random random_;
  Executor* executor_ = nullptr;
  std::vector<std::atomic<int>> calls_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<int> wrong_ = 0, thrown_ = 0, caught_ = 0;
  std::mutex mutex_;
  std::uint64_t locked_first_ = 0, locked_second_ = 0;  // guarded by mutex_
};

}  // namespace
}  // namespace preempt

int main(int argc, char** argv) {
  preempt::testing::Random random(preempt::testing::choose_seed(argc > 1 ? argv[1] : nullptr));
  const int rounds = preempt::testing::scaled(12);
  for (int round = 0; round < rounds; ++round) {
    std::printf("round %d\n", round);
    if (!preempt::Mix(random.next(), 3000).run()) {
      std::printf("failed\n");
      return 1;
    }
  }
  return 0;
}
