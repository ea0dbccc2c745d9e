// The pool that most services have: a queue of std::function under a mutex, a condition variable, N threads.
#ifndef PREEMPT_BENCH_PEERS_MUTEX_POOL_H_
#define PREEMPT_BENCH_PEERS_MUTEX_POOL_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace preempt::bench {

class MutexPool {
 public:
  explicit MutexPool(int threads) {
    for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
  }

  // Runs what is queued first.
  ~MutexPool() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }

  template <class F>
  void post(F&& f) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.emplace_back(std::forward<F>(f));
    }
    wake_.notify_one();
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [this] { return stopping_ || !tasks_.empty(); });
      if (tasks_.empty()) return;
      {
        const std::function<void()> task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        task();
      }
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_PEERS_MUTEX_POOL_H_
