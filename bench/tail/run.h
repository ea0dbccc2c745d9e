// Sends a plan to a pool, each request at its time, and notes when each is complete. What a request does is given.
#ifndef PREEMPT_BENCH_TAIL_RUN_H_
#define PREEMPT_BENCH_TAIL_RUN_H_

#include <time.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "plan.h"
#include "support/affinity.h"
#include "support/countdown.h"
#include "support/disturbance.h"

namespace preempt::bench {

struct Outcome {
  std::vector<Nanoseconds> completions;  // since the start of the run, in the plan's order
  double pool_cpu_seconds = 0;           // of all threads but the generator
};

// Where the pool and the generator run.
struct Site {
  CpuSplit cpus;
  int processors = 1;
};

// Does a request, given its place in the plan too. Called by many threads at once.
using Work = std::function<void(const Request&, std::size_t)>;

// Calls `post` with the index of each request when it is due.
template <class Post>
void generate(const Plan& plan, std::chrono::steady_clock::time_point start, Post post) {
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto planned = start + std::chrono::nanoseconds(plan[i].arrival);
    while (std::chrono::steady_clock::now() < planned) __builtin_ia32_pause();
    post(i);
  }
}

// Some pools make their threads when the first tasks come, from the thread that posts them: makes each worker exist
// now, and checks that it is where it belongs. A pool with a queue for each thread may give one thread two of these
// tasks, which wait for each other; the empty ones wake the others, which steal.
template <class Pool>
void settle(Pool& pool, const Site& site) {
  struct State {
    Countdown present, left;
    std::mutex mutex;
    bool elsewhere = false;
  };
  // Kept for good: the last task may still touch it when this has returned.
  static State& state = *new State;
  state.present.reset(site.processors);
  state.left.reset(site.processors);
  for (int i = 0; i < site.processors; ++i) {
    pool.post([&site] {
      const bool here = allowed_cpus() == site.cpus.workers;
      {
        const std::lock_guard lock(state.mutex);
        state.elsewhere |= !here;
      }
      state.present.count_down();
      state.present.wait();
      state.left.count_down();
    });
  }
  while (!state.left.is_zero()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    pool.post([] {});
  }
  if (state.elsewhere) throw std::logic_error("a worker of the pool is not on the pool's cpus");
}

// One run of one plan. Lives until the pool is gone.
class Run {
 public:
  Run(const Plan& plan, const Site& site, const Work& work) : plan_(plan), site_(site), work_(work) {
    completions_.resize(plan.size());
    left_.reset(static_cast<int>(plan.size()));
  }

  template <class Pool>
  void operator()(Pool& pool) {
    std::thread generator([&] { send(pool); });
    left_.wait();
    generator.join();
  }

  std::vector<Nanoseconds> take_completions() { return std::move(completions_); }
  double generator_cpu_seconds() const { return generator_cpu_seconds_; }

 private:
  using Clock = std::chrono::steady_clock;

  template <class Pool>
  void send(Pool& pool) {
    const AffinityScope scope(site_.cpus.feeder);
    start_ = Clock::now() + std::chrono::milliseconds(10);
    generate(plan_, start_, [this, &pool](std::size_t i) { pool.post([this, i] { serve(i); }); });
    generator_cpu_seconds_ = cpu_seconds(CLOCK_THREAD_CPUTIME_ID);
  }

  void serve(std::size_t request) {
    work_(plan_[request], request);
    completions_[request] = std::chrono::nanoseconds(Clock::now() - start_).count();
    left_.count_down();
  }

  const Plan& plan_;
  const Site& site_;
  const Work& work_;
  Clock::time_point start_;
  std::vector<Nanoseconds> completions_;
  double generator_cpu_seconds_ = 0;
  Countdown left_;
};

// `make_pool` returns the pool by value; it is made, and its threads with it, on the workers' cpus.
template <class MakePool>
Outcome run_plan(const Plan& plan, const Site& site, const Work& work, MakePool make_pool) {
  Run run(plan, site, work);
  const double cpu_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  {
    const AffinityScope scope(site.cpus.workers);
    auto pool = make_pool();
    settle(pool, site);
    run(pool);
  }
  const double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  return {run.take_completions(), cpu - run.generator_cpu_seconds()};
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_RUN_H_
