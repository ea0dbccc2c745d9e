// A condition variable for preempt::Mutex.
#ifndef PREEMPT_SYNC_CONDITION_VARIABLE_H_
#define PREEMPT_SYNC_CONDITION_VARIABLE_H_

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "preempt/detail/config.h"
#include "preempt/detail/wait_list.h"
#include "preempt/sync/mutex.h"

namespace preempt {

// As std::condition_variable, with std::unique_lock<preempt::Mutex>. May wake for nothing, as that one.
class PREEMPT_EXPORT ConditionVariable {
 public:
  constexpr ConditionVariable() noexcept = default;
  ConditionVariable(const ConditionVariable&) = delete;
  ConditionVariable& operator=(const ConditionVariable&) = delete;

  void notify_one();
  void notify_all();

  void wait(std::unique_lock<Mutex>& lock) { wait_until_deadline(lock, detail::kNoDeadline); }
  template <class Predicate>
  void wait(std::unique_lock<Mutex>& lock, Predicate stop_waiting) {
    while (!stop_waiting()) wait(lock);
  }

  template <class Clock, class Duration>
  std::cv_status wait_until(std::unique_lock<Mutex>& lock, const std::chrono::time_point<Clock, Duration>& time) {
    return wait_until_deadline(lock, detail::deadline_of(time));
  }
  template <class Clock, class Duration, class Predicate>
  bool wait_until(std::unique_lock<Mutex>& lock, const std::chrono::time_point<Clock, Duration>& time,
                  Predicate stop_waiting) {
    return wait_for_predicate(lock, detail::deadline_of(time), std::move(stop_waiting));
  }
  template <class Rep, class Period>
  std::cv_status wait_for(std::unique_lock<Mutex>& lock, const std::chrono::duration<Rep, Period>& time) {
    return wait_until_deadline(lock, detail::deadline_after(time));
  }
  template <class Rep, class Period, class Predicate>
  bool wait_for(std::unique_lock<Mutex>& lock, const std::chrono::duration<Rep, Period>& time, Predicate stop_waiting) {
    return wait_for_predicate(lock, detail::deadline_after(time), std::move(stop_waiting));
  }

 private:
  template <class Predicate>
  bool wait_for_predicate(std::unique_lock<Mutex>& lock, detail::Deadline deadline, Predicate stop_waiting) {
    while (!stop_waiting()) {
      if (wait_until_deadline(lock, deadline) == std::cv_status::timeout) return stop_waiting();
    }
    return true;
  }
  std::cv_status wait_until_deadline(std::unique_lock<Mutex>& lock, detail::Deadline deadline);

  detail::WaitList waiters_;
};

}  // namespace preempt

#endif  // PREEMPT_SYNC_CONDITION_VARIABLE_H_
