// Two tasks that give way to each other at checkpoints that they did not write, and in code that is marked by its
// target.
#include <preempt/executor.h>

#include <atomic>
#include <chrono>
#include <thread>

int called(int turns);
unsigned middle(unsigned turns);

template <class Body>
static bool gives_way(preempt::Preemption preemption, Body body) {
  std::atomic<bool> stop = false;
  preempt::Executor executor(
      {.processors = 1, .time_slice = std::chrono::microseconds(100), .preemption = preemption, .migratable = true});
  for (int i = 0; i < 2; ++i) {
    executor.execute([&] {
      while (!stop) body();
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  const auto enough = [&executor, preemption] {
    const preempt::Stats stats = executor.stats();
    return (preemption == preempt::Preemption::kCheckpoints ? stats.checkpoint_yields : stats.fiber_preemptions) > 10;
  };
  while (!enough() && std::chrono::steady_clock::now() < end) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const bool gave_way = enough();
  stop = true;
  return gave_way;
}

int main() {
  const bool at_checkpoints = gives_way(preempt::Preemption::kCheckpoints, [] { called(100); });
  const bool in_marked_code = gives_way(preempt::Preemption::kSignalSafe, [] { middle(1'000'000); });
  return at_checkpoints && in_marked_code ? 0 : 1;
}
