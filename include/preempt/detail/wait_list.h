// Who waits for one thing, in order of arrival. Not part of the interface: what <preempt/sync.h> is built on.
#ifndef PREEMPT_DETAIL_WAIT_LIST_H_
#define PREEMPT_DETAIL_WAIT_LIST_H_

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "preempt/checkpoint.h"
#include "preempt/detail/config.h"

namespace preempt::core {
struct Waiter;
}

namespace preempt::detail {

// Nanoseconds of the steady clock since its epoch.
using Deadline = std::int64_t;
inline constexpr Deadline kNoDeadline = INT64_MAX;

// The moment of the steady clock that `time` means; of other clocks, now plus what is left. What lies past either end
// of the range is the end.
template <class Clock, class Duration>
Deadline deadline_of(const std::chrono::time_point<Clock, Duration>& time) {
  using Float = std::chrono::duration<double, std::nano>;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const double left = Float(time - Clock::now()).count();
  if (left >= static_cast<double>(kNoDeadline - now.count())) return kNoDeadline;
  if (left <= 0) return now.count();
  return (now + std::chrono::ceil<std::chrono::nanoseconds>(time - Clock::now())).count();
}
template <class Rep, class Period>
Deadline deadline_after(const std::chrono::duration<Rep, Period>& time) {
  using Float = std::chrono::duration<double, std::nano>;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  if (Float(time).count() >= static_cast<double>(kNoDeadline - now.count())) return kNoDeadline;
  if (time <= time.zero()) return now.count();
  return (now + std::chrono::ceil<std::chrono::nanoseconds>(time)).count();
}

class PREEMPT_EXPORT WaitList {
 public:
  constexpr WaitList() noexcept = default;
  WaitList(const WaitList&) = delete;
  WaitList& operator=(const WaitList&) = delete;

  // Has the list, and what its owner keeps under it, for itself. For some tens of instructions: others spin, and the
  // task is not preempted meanwhile.
  class PREEMPT_EXPORT Hold {
   public:
    explicit Hold(WaitList& list) noexcept;
    ~Hold() { release(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;
    void release() noexcept;

   private:
    std::optional<NoPreempt> no_preempt_;
    WaitList* list_;
  };

  // Under a Hold of this list. Appends the caller, releases the hold, waits. False: `deadline` came first, and no wake
  // was spent on the caller.
  bool wait(Hold& hold, Deadline deadline = kNoDeadline);

  // Under a Hold. Who waits longest, taken off the list, or null; all of them, as a chain. They go on waiting until
  // deliver(), without a Hold: as soon as they run they may destroy what they waited for, and the list in it.
  core::Waiter* claim_first() noexcept;
  core::Waiter* claim_all() noexcept;
  static void deliver(core::Waiter* chain);

  // wait() in two parts, for who has to do something in between. append() under a Hold, wait_appended() without.
  void append(core::Waiter& waiter) noexcept;
  bool wait_appended(core::Waiter& waiter, Deadline deadline);

 private:
  void remove(core::Waiter& waiter) noexcept;

  std::atomic<bool> held_ = false;
  core::Waiter* first_ = nullptr;
  core::Waiter* last_ = nullptr;
};

}  // namespace preempt::detail

#endif  // PREEMPT_DETAIL_WAIT_LIST_H_
