// Runs empty tasks for an instruction counter to count, in batches, by one worker that is held until the whole batch is
// queued: nothing sleeps or wakes in between, so that each start executes nearly the same instructions.
//
//   cost_instructions_program CONTENDER outside|inside BATCHES TASKS_IN_A_BATCH
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "os/coarse_clock.h"
#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

constexpr int kWorkers = 1;

// The simulated cpu takes so many times longer for a task, while it has the machine's clock: what the scheduler decides
// for a moment would never hold until the next task.
constexpr int kSlowdown = 64;

template <class Pool>
void post_all(Pool& pool, Countdown& left, int tasks) {
  for (int i = 0; i < tasks; ++i) pool.post([&left] { left.count_down(); });
}

// What is held does not outlast the batch: one worker, so it has ended before the first task begins.
template <class Pool>
void from_outside(Pool& pool, Countdown& left, int tasks) {
  std::atomic<bool> held = true;
  pool.post([&held] { held.wait(true); });
  post_all(pool, left, tasks);
  held = false;
  held.notify_one();
  left.wait();
}

template <class Pool>
void from_inside(Pool& pool, Countdown& left, int tasks) {
  pool.post([&pool, &left, tasks] { post_all(pool, left, tasks); });
  left.wait();
}

struct Load {
  bool inside = false;
  int batches = 0;
  int tasks = 0;  // of a batch
};

// The last task may still touch `left` when the wait for it is over: it outlives the pool.
template <class Pool, class Argument>
void run(const Load& load, Argument argument) {
  Countdown left;
  Pool pool(argument);
  for (int batch = 0; batch < load.batches; ++batch) {
    left.reset(load.tasks);
    load.inside ? from_inside(pool, left, load.tasks) : from_outside(pool, left, load.tasks);
  }
}

// Without threads to spare: the held worker would be replaced by another one.
Options options(Preemption preemption) {
  return {.processors = kWorkers, .preemption = preemption, .max_threads = kWorkers};
}

bool run(std::string_view contender, const Load& load) {
  if (contender == "preempt") {
    run<PreemptPool>(load, options(Preemption::kEverywhere));
  } else if (contender == "preempt_none") {
    run<PreemptPool>(load, options(Preemption::kNone));
  } else if (contender == "mutex_pool") {
    run<MutexPool>(load, kWorkers);
  } else if (contender == "tbb") {
    run<TbbPool>(load, kWorkers);
#if PREEMPT_BENCH_HAS_ASIO
  } else if (contender == "asio") {
    run<AsioPool>(load, kWorkers);
#endif
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  const std::string_view place = argc == 5 ? argv[2] : "";
  preempt::bench::Load load;
  load.inside = place == "inside";
  load.batches = argc == 5 ? std::atoi(argv[3]) : 0;
  load.tasks = argc == 5 ? std::atoi(argv[4]) : 0;
  preempt::os::CoarseClock::trusted_ticks *= preempt::bench::kSlowdown;
  const bool valid = (place == "outside" || place == "inside") && load.batches > 0 && load.tasks > 0;
  if (valid && preempt::bench::run(argv[1], load)) return 0;
  std::fputs("usage: cost_instructions_program preempt|preempt_none|mutex_pool|tbb|asio outside|inside BATCHES TASKS\n",
             stderr);
  return 2;
}
