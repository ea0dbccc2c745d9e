#include "preempt/sync/latch.h"

#include <stdexcept>
#include <string>

#include "core/waiter.h"

namespace preempt {

Latch::Latch(std::ptrdiff_t count) : count_(count) {
  if (count >= 0) return;
  throw std::invalid_argument("preempt: Latch(): count is " + std::to_string(count) + ", must be 0 or more");
}

void Latch::count_down(std::ptrdiff_t update) {
  if (update < 0) {
    throw std::invalid_argument("preempt: Latch::count_down(): update is " + std::to_string(update) +
                                ", must be 0 or more");
  }
  std::ptrdiff_t count = count_.load(std::memory_order_relaxed);
  while (update < count) {
    if (count_.compare_exchange_weak(count, count - update, std::memory_order_acq_rel, std::memory_order_relaxed)) return;
  }
  // The last step under the hold, which each wait passes: who goes on may destroy the latch.
  detail::WaitList::Hold hold(waiters_);
  count = count_.load(std::memory_order_relaxed);
  if (update > count) {
    hold.release();
    throw std::logic_error("preempt: Latch::count_down(): update is " + std::to_string(update) + ", only " +
                           std::to_string(count) + " left");
  }
  const bool is_over = count_.fetch_sub(update, std::memory_order_acq_rel) == update;
  core::Waiter* const chain = is_over ? waiters_.claim_all() : nullptr;
  hold.release();
  detail::WaitList::deliver(chain);
}

bool Latch::wait_until_deadline(detail::Deadline deadline) const {
  detail::WaitList::Hold hold(waiters_);
  return try_wait() || waiters_.wait(hold, deadline);
}

void WaitGroup::add(std::ptrdiff_t update) {
  detail::WaitList::Hold hold(waiters_);
  if (count_ + update < 0) {
    hold.release();
    throw std::logic_error("preempt: WaitGroup: more done() than add()");
  }
  count_ += update;
  core::Waiter* const chain = count_ == 0 ? waiters_.claim_all() : nullptr;
  hold.release();
  detail::WaitList::deliver(chain);
}

bool WaitGroup::wait_until_deadline(detail::Deadline deadline) const {
  detail::WaitList::Hold hold(waiters_);
  return count_ == 0 || waiters_.wait(hold, deadline);
}

}  // namespace preempt
