// Waiting until a number of things have happened.
#ifndef PREEMPT_SYNC_LATCH_H_
#define PREEMPT_SYNC_LATCH_H_

#include <atomic>
#include <chrono>
#include <cstddef>

#include "preempt/detail/config.h"
#include "preempt/detail/wait_list.h"

namespace preempt {

// As std::latch, with waits that end: counts down once, and stays at 0.
class PREEMPT_EXPORT Latch {
 public:
  // std::invalid_argument when `count` is negative.
  explicit Latch(std::ptrdiff_t count);
  Latch(const Latch&) = delete;
  Latch& operator=(const Latch&) = delete;

  // std::invalid_argument when `update` is negative, std::logic_error when it is more than what is left; nothing is
  // counted then.
  void count_down(std::ptrdiff_t update = 1);
  bool try_wait() const noexcept { return count_.load(std::memory_order_acquire) == 0; }
  void wait() const { wait_until_deadline(detail::kNoDeadline); }
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& time) const {
    return wait_until_deadline(detail::deadline_after(time));
  }
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return wait_until_deadline(detail::deadline_of(time));
  }
  void arrive_and_wait(std::ptrdiff_t update = 1) {
    count_down(update);
    wait();
  }

 private:
  bool wait_until_deadline(detail::Deadline deadline) const;

  std::atomic<std::ptrdiff_t> count_;
  mutable detail::WaitList waiters_;
};

// Go's sync.WaitGroup: a latch that counts up, too, and may be used again.
class PREEMPT_EXPORT WaitGroup {
 public:
  WaitGroup() = default;
  WaitGroup(const WaitGroup&) = delete;
  WaitGroup& operator=(const WaitGroup&) = delete;

  // More to wait for, before the tasks that call done() are submitted. std::logic_error when the sum would be negative.
  void add(std::ptrdiff_t update = 1);
  void done() { add(-1); }
  // Until the sum is 0.
  void wait() const { wait_until_deadline(detail::kNoDeadline); }
  template <class Rep, class Period>
  bool wait_for(const std::chrono::duration<Rep, Period>& time) const {
    return wait_until_deadline(detail::deadline_after(time));
  }
  template <class Clock, class Duration>
  bool wait_until(const std::chrono::time_point<Clock, Duration>& time) const {
    return wait_until_deadline(detail::deadline_of(time));
  }

 private:
  bool wait_until_deadline(detail::Deadline deadline) const;

  std::ptrdiff_t count_ = 0;  // under a hold of waiters_
  mutable detail::WaitList waiters_;
};

}  // namespace preempt

#endif  // PREEMPT_SYNC_LATCH_H_
