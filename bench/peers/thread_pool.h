// ThreadPool by Robert Vaser after those by progschj and Sean Parent: a queue for each thread and task stealing. Where
// it is installed (Debian: libthread-pool-dev).
#ifndef PREEMPT_BENCH_PEERS_THREAD_POOL_H_
#define PREEMPT_BENCH_PEERS_THREAD_POOL_H_

#if __has_include(<thread_pool/thread_pool.hpp>)
#define PREEMPT_BENCH_HAS_THREAD_POOL 1

#include <cstddef>
#include <thread_pool/thread_pool.hpp>
#include <utility>

namespace preempt::bench {

class ThreadPool {
 public:
  explicit ThreadPool(int threads) : pool_(static_cast<std::size_t>(threads)) {}

  // It has no way without a future.
  template <class F>
  void post(F&& f) {
    pool_.Submit(std::forward<F>(f));
  }

 private:
  thread_pool::ThreadPool pool_;
};

}  // namespace preempt::bench

#else
#define PREEMPT_BENCH_HAS_THREAD_POOL 0
#endif

#endif  // PREEMPT_BENCH_PEERS_THREAD_POOL_H_
