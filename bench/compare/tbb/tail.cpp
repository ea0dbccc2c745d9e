// Short bodies behind long ones in one arena of two slots: an open loop that does not wait for the arena.
#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "support/countdown.h"
#include "support/statistics.h"
#include "support/work.h"
#include "tail/plan.h"
#include "workloads.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kSlots = 2;
constexpr int kShort = 0;  // index into the mixture
constexpr double kLoad = 0.5;

Mixture mixture() { return {{"short", 0.98, 100'000}, {"long", 0.02, 20'000'000}}; }

// The bodies share it: the last one still touches `left` when the wait for it is over.
struct Books {
  explicit Books(std::size_t bodies) : seconds(bodies) { left.reset(static_cast<int>(bodies)); }

  const Clock::time_point start = Clock::now() + std::chrono::milliseconds(10);
  std::vector<double> seconds;  // latencies
  Countdown left;
};

std::shared_ptr<Books> run_plan(const Plan& plan) {
  const double rounds_per_nanosecond = 1e-9 * measure_rounds_per_second();
  // One more than the threads that serve: oneTBB counts this one, which only enqueues and has no slot.
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism, kSlots + 1);
  oneapi::tbb::task_arena arena(kSlots, 0);
  auto books = std::make_shared<Books>(plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto due = books->start + std::chrono::nanoseconds(plan[i].arrival);
    const auto rounds = static_cast<std::uint64_t>(rounds_per_nanosecond * static_cast<double>(plan[i].service));
    // Not a spinning generator as in tail/: here it shares the cpus with the arena.
    std::this_thread::sleep_until(due);
    arena.enqueue([books, i, due, rounds] {
      work_rounds(rounds);
      books->seconds[i] = std::chrono::duration<double>(Clock::now() - due).count();
      books->left.count_down();
    });
  }
  books->left.wait();
  return books;
}

}  // namespace

Tail measure_tail(const Flags& flags) {
  const Plan plan =
      make_plan(mixture(), {.load = kLoad, .processors = kSlots, .seconds = flags.tail_seconds, .seed = flags.seed});
  const auto books = run_plan(plan);
  std::vector<double> latencies;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    require(books->seconds[i] > 0, "tail");
    if (plan[i].request_class == kShort) latencies.push_back(books->seconds[i]);
  }
  return {quantile(latencies, 0.5), quantile(latencies, 0.99), quantile(latencies, 0.999), quantile(latencies, 1)};
}

}  // namespace preempt::bench
