#include "preempt/sync/mutex.h"

#include "core/waiter.h"

namespace preempt {

// While somebody is on the list, the mutex is contended, or one who was claimed comes and makes it so.
bool Mutex::lock_slowly(detail::Deadline deadline) {
  for (;;) {
    detail::WaitList::Hold hold(waiters_);
    if (state_.exchange(kContended, std::memory_order_acquire) == kFree) return true;
    if (!waiters_.wait(hold, deadline)) return false;
  }
}

// Its last use of the mutex is what makes it free: the next owner may destroy it.
void Mutex::unlock_slowly() {
  for (;;) {
    detail::WaitList::Hold hold(waiters_);
    core::Waiter* const next = waiters_.claim_first();
    if (next == nullptr) state_.store(kHeld, std::memory_order_relaxed);
    hold.release();
    if (next != nullptr) {
      state_.store(kFree, std::memory_order_release);
      return detail::WaitList::deliver(next);
    }
    // Fails when somebody came to wait meanwhile.
    std::uint32_t expected = kHeld;
    if (state_.compare_exchange_strong(expected, kFree, std::memory_order_release, std::memory_order_relaxed)) return;
  }
}

}  // namespace preempt
