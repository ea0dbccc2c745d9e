// Tells one waiting thread that a known number of tasks have run.
#ifndef PREEMPT_BENCH_SUPPORT_COUNTDOWN_H_
#define PREEMPT_BENCH_SUPPORT_COUNTDOWN_H_

#include <atomic>

namespace preempt::bench {

// Reusable, so that it can outlive the pool: the last count_down() still touches it after wait() has returned.
class Countdown {
 public:
  void reset(int count) { left_.store(count, std::memory_order_relaxed); }

  void count_down() {
    // Acquire and release: what every task wrote is seen by wait(), below, through the last one's decrement.
    if (left_.fetch_sub(1, std::memory_order_acq_rel) == 1) left_.notify_all();
  }

  // Acquire: as in wait(), below.
  bool is_zero() const { return left_.load(std::memory_order_acquire) == 0; }

  void wait() const {
    // Acquire: pairs with count_down(), above.
    for (int left; (left = left_.load(std::memory_order_acquire)) != 0;) left_.wait(left, std::memory_order_acquire);
  }

 private:
  alignas(64) std::atomic<int> left_ = 0;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_COUNTDOWN_H_
