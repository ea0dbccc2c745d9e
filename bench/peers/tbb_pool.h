// A oneTBB arena that only its own worker threads serve.
#ifndef PREEMPT_BENCH_PEERS_TBB_POOL_H_
#define PREEMPT_BENCH_PEERS_TBB_POOL_H_

#include <oneapi/tbb/global_control.h>
#include <oneapi/tbb/task_arena.h>

#include <cstddef>
#include <utility>

namespace preempt::bench {

// Tasks must have run before it ends. oneTBB makes its threads on demand, from whichever thread posts.
class TbbPool {
 public:
  // One more than the workers: oneTBB counts the thread that feeds the arena, which has no slot in it here.
  explicit TbbPool(int threads)
      : limit_(oneapi::tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads) + 1),
        arena_(threads, /*reserved_for_masters=*/0) {
    arena_.initialize();
  }

  template <class F>
  void post(F&& f) {
    arena_.enqueue(std::forward<F>(f));
  }

 private:
  oneapi::tbb::global_control limit_;
  oneapi::tbb::task_arena arena_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_PEERS_TBB_POOL_H_
