// preempt::Executor with the interface of the peers.
#ifndef PREEMPT_BENCH_PEERS_PREEMPT_POOL_H_
#define PREEMPT_BENCH_PEERS_PREEMPT_POOL_H_

#include <utility>

#include "preempt/executor.h"

namespace preempt::bench {

class PreemptPool {
 public:
  explicit PreemptPool(Options options) : executor_(std::move(options)) {}
  explicit PreemptPool(int processors) : PreemptPool(Options{.processors = processors}) {}

  template <class F>
  void post(F&& f) {
    executor_.execute(std::forward<F>(f));
  }

  template <class F>
  auto submit(F&& f) {
    return executor_.submit(std::forward<F>(f));
  }

  Executor& executor() { return executor_; }

 private:
  Executor executor_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_PEERS_PREEMPT_POOL_H_
