// asio::thread_pool, where Asio is installed (Debian: libasio-dev).
#ifndef PREEMPT_BENCH_PEERS_ASIO_POOL_H_
#define PREEMPT_BENCH_PEERS_ASIO_POOL_H_

#if __has_include(<asio/thread_pool.hpp>)
#define PREEMPT_BENCH_HAS_ASIO 1

#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <cstddef>
#include <utility>

namespace preempt::bench {

class AsioPool {
 public:
  explicit AsioPool(int threads) : pool_(static_cast<std::size_t>(threads)) {}
  ~AsioPool() { pool_.join(); }

  template <class F>
  void post(F&& f) {
    asio::post(pool_, std::forward<F>(f));
  }

 private:
  asio::thread_pool pool_;
};

}  // namespace preempt::bench

#else
#define PREEMPT_BENCH_HAS_ASIO 0
#endif

#endif  // PREEMPT_BENCH_PEERS_ASIO_POOL_H_
