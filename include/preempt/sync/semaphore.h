// A counting semaphore.
#ifndef PREEMPT_SYNC_SEMAPHORE_H_
#define PREEMPT_SYNC_SEMAPHORE_H_

#include <atomic>
#include <chrono>
#include <cstddef>

#include "preempt/detail/config.h"
#include "preempt/detail/wait_list.h"

namespace preempt {

// As std::counting_semaphore. Who waits longest is served first, and nobody who comes later is served before.
class PREEMPT_EXPORT Semaphore {
 public:
  // std::invalid_argument when `count` is negative.
  explicit Semaphore(std::ptrdiff_t count);
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  // std::invalid_argument when `update` is negative.
  void release(std::ptrdiff_t update = 1);

  void acquire() {
    if (!try_acquire()) acquire_slowly(detail::kNoDeadline);
  }
  bool try_acquire() noexcept {
    std::ptrdiff_t count = count_.load(std::memory_order_relaxed);
    while (count > 0) {
      if (count_.compare_exchange_weak(count, count - 1, std::memory_order_acquire, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }
  template <class Rep, class Period>
  bool try_acquire_for(const std::chrono::duration<Rep, Period>& time) {
    return try_acquire() || acquire_slowly(detail::deadline_after(time));
  }
  template <class Clock, class Duration>
  bool try_acquire_until(const std::chrono::time_point<Clock, Duration>& time) {
    return try_acquire() || acquire_slowly(detail::deadline_of(time));
  }

 private:
  bool acquire_slowly(detail::Deadline deadline);

  std::atomic<std::ptrdiff_t> count_;  // above 0 only while nobody waits
  detail::WaitList waiters_;
};

}  // namespace preempt

#endif  // PREEMPT_SYNC_SEMAPHORE_H_
