// Tasks that only compute: more of them than processors keep workers parked in the signal handler.
#ifndef PREEMPT_TESTS_SUPPORT_HOGS_H_
#define PREEMPT_TESTS_SUPPORT_HOGS_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt::testing {

// `count` tasks that compute until stop(). Does not wait for them: the executor's end does.
class Hogs {
 public:
  Hogs(Executor& executor, int count, TaskOptions options = {}) : state_(std::make_shared<State>(count)) {
    for (int i = 0; i < count; ++i) {
      executor.execute([state = state_, i] { run(*state, state->turns[i]); }, options);
    }
  }
  ~Hogs() { stop(); }
  Hogs(const Hogs&) = delete;
  Hogs& operator=(const Hogs&) = delete;

  void stop() { state_->stop.store(true); }

  // How often each went round its loop.
  std::vector<std::uint64_t> turns() const {
    std::vector<std::uint64_t> result;
    for (const auto& one : state_->turns) result.push_back(one.load());
    return result;
  }

  // True when every one of them has computed since `before`, a former turns().
  bool all_moved_since(const std::vector<std::uint64_t>& before) const {
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (state_->turns[i].load() == before[i]) return false;
    }
    return true;
  }

  // Waits until each has begun, so that all but as many as there are processors are stopped somewhere.
  bool all_begun() const {
    const std::vector<std::uint64_t> never(state_->turns.size());
    return eventually([&] { return all_moved_since(never); });
  }

 private:
  struct State {
    explicit State(int count) : turns(count) {}
    std::atomic<bool> stop = false;
    std::vector<std::atomic<std::uint64_t>> turns;
  };

  static void run(const State& state, std::atomic<std::uint64_t>& turns) {
    while (!state.stop.load(std::memory_order_relaxed)) {
      spin_a_little();
      turns.store(turns.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    }
  }

  std::shared_ptr<State> state_;
};

// True when `count` more threads than now were parked in the handler before the limit.
inline bool more_thread_preemptions(const Executor& executor, std::uint64_t count) {
  const std::uint64_t before = executor.stats().thread_preemptions;
  return eventually([&] { return executor.stats().thread_preemptions >= before + count; });
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_HOGS_H_
