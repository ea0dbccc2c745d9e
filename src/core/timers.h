// Deadlines of fibers that are set aside.
#ifndef PREEMPT_CORE_TIMERS_H_
#define PREEMPT_CORE_TIMERS_H_

#include <atomic>
#include <mutex>

#include "base/pairing_heap.h"
#include "core/waiter.h"
#include "os/lock.h"

namespace preempt::core {

// Filled by workers in the scheduler, emptied by the watchdog and by workers that come by. A waiter is not touched any
// more once remove() returned, or its fiber was given out.
class Timers {
 public:
  void add(Waiter& waiter, os::Nanos deadline) {
    const std::lock_guard hold(lock_);
    waiter.deadline = deadline;
    waiter.is_timed = true;
    heap_.push(&waiter);
    publish_first();
  }

  void remove(Waiter& waiter) {
    const std::lock_guard hold(lock_);
    if (waiter.is_timed) take_out(waiter);
  }

  // The next fiber whose deadline is over, to be resumed by the caller; null when there is none.
  fiber::Fiber* take_expired(os::Nanos now) {
    if (first() > now) return nullptr;
    const std::lock_guard hold(lock_);
    return next_expired(now);
  }
  // Or when somebody else has the lock: it is for who has better to do than to wait for it.
  fiber::Fiber* try_take_expired(os::Nanos now) {
    if (first() > now || !lock_.try_lock()) return nullptr;
    const std::lock_guard hold(lock_, std::adopt_lock);
    return next_expired(now);
  }

  os::Nanos first() const { return first_.load(std::memory_order_seq_cst); }

 private:
  fiber::Fiber* next_expired(os::Nanos now) {
    while (!heap_.empty() && heap_.top()->deadline <= now) {
      Waiter& waiter = *heap_.top();
      take_out(waiter);
      // Not set aside yet: it will see that it need not be.
      std::uint32_t seen = Waiter::kAwake;
      if (waiter.state.compare_exchange_strong(seen, Waiter::kTimedOut, std::memory_order_acq_rel)) continue;
      fiber::Fiber* const fiber = waiter.fiber;
      if (seen == Waiter::kSuspended &&
          waiter.state.compare_exchange_strong(seen, Waiter::kTimedOut, std::memory_order_acq_rel)) {
        return fiber;
      }
    }
    return nullptr;
  }

  struct Links {
    static Waiter*& child(Waiter& node) { return node.first_later; }
    static Waiter*& next(Waiter& node) { return node.next_timer; }
    static Waiter*& prev(Waiter& node) { return node.prev_timer; }
    static bool before(const Waiter& a, const Waiter& b) { return a.deadline < b.deadline; }
  };

  void take_out(Waiter& waiter) {
    heap_.remove(&waiter);
    waiter.is_timed = false;
    publish_first();
  }
  void publish_first() { first_.store(heap_.empty() ? os::kNever : heap_.top()->deadline, std::memory_order_seq_cst); }

  os::Lock lock_;
  base::PairingHeap<Waiter, Links> heap_;
  std::atomic<os::Nanos> first_ = os::kNever;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_TIMERS_H_
