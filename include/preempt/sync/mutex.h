// A mutex whose waiters keep no processor, and if they are migratable tasks, no thread.
#ifndef PREEMPT_SYNC_MUTEX_H_
#define PREEMPT_SYNC_MUTEX_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "preempt/detail/config.h"
#include "preempt/detail/wait_list.h"

namespace preempt {

// As std::timed_mutex, for std::lock_guard, std::unique_lock, std::scoped_lock: the same member names and errors (none:
// relocking by the owner waits for ever). Any task and any thread may lock it; a migratable task may be unlocked on
// another thread than it locked on. Who waits longest is woken first, but whoever comes by meanwhile may have it before.
// 32 bytes. Algorithm: Drepper, "Futexes Are Tricky" (2011), mutex 2, with a list of waiters in place of the futex.
class PREEMPT_EXPORT Mutex {
 public:
  constexpr Mutex() noexcept = default;
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  void lock() {
    if (!try_lock()) lock_slowly(detail::kNoDeadline);
  }
  bool try_lock() noexcept {
    std::uint32_t expected = kFree;
    return state_.compare_exchange_strong(expected, kHeld, std::memory_order_acquire, std::memory_order_relaxed);
  }
  template <class Rep, class Period>
  bool try_lock_for(const std::chrono::duration<Rep, Period>& time) {
    return try_lock() || lock_slowly(detail::deadline_after(time));
  }
  template <class Clock, class Duration>
  bool try_lock_until(const std::chrono::time_point<Clock, Duration>& time) {
    return try_lock() || lock_slowly(detail::deadline_of(time));
  }
  void unlock() {
    std::uint32_t expected = kHeld;
    if (!state_.compare_exchange_strong(expected, kFree, std::memory_order_release, std::memory_order_relaxed)) {
      unlock_slowly();
    }
  }

 private:
  static constexpr std::uint32_t kFree = 0, kHeld = 1, kContended = 2;  // the last: somebody may wait

  bool lock_slowly(detail::Deadline deadline);
  void unlock_slowly();

  std::atomic<std::uint32_t> state_ = kFree;
  detail::WaitList waiters_;
};

}  // namespace preempt

#endif  // PREEMPT_SYNC_MUTEX_H_
