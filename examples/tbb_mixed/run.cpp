#include "run.h"

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <latch>
#include <memory>
#include <thread>

#include "support/compute.h"

namespace tbb_mixed {
namespace {

using Clock = std::chrono::steady_clock;

// The bodies share it: the last one still touches `left` when the wait for it is over.
struct Books {
  explicit Books(std::size_t bodies) : latencies(bodies), left(static_cast<std::ptrdiff_t>(bodies)) {}

  const Clock::time_point start = Clock::now() + std::chrono::milliseconds(10);
  std::vector<std::chrono::nanoseconds> latencies;
  std::latch left;
};

}  // namespace

std::vector<std::chrono::nanoseconds> run(const std::vector<Arrival>& plan, const Lengths& lengths) {
  // One more than the threads that serve: oneTBB counts this one, which only enqueues and has no slot.
  const oneapi::tbb::global_control threads(oneapi::tbb::global_control::max_allowed_parallelism, kSlots + 1);
  oneapi::tbb::task_arena arenas[kArenas] = {{kSlots, 0}, {kSlots, 0}};
  const auto books = std::make_shared<Books>(plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Arrival& arrival = plan[i];
    const auto due = books->start + arrival.planned;
    const std::uint64_t rounds = arrival.kind == Kind::kLong ? lengths.long_body : lengths.short_body;
    std::this_thread::sleep_until(due);
    arenas[arrival.arena].enqueue([books, i, due, rounds] {
      [[maybe_unused]] volatile const std::uint64_t answer = examples::compute(rounds);
      books->latencies[i] = Clock::now() - due;
      books->left.count_down();
    });
  }
  books->left.wait();
  return books->latencies;
}

}  // namespace tbb_mixed
