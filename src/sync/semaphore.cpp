#include "preempt/sync/semaphore.h"

#include <stdexcept>
#include <string>

#include "core/waiter.h"

namespace preempt {
namespace {

std::ptrdiff_t not_negative(std::ptrdiff_t count, const char* where) {
  if (count >= 0) return count;
  throw std::invalid_argument(std::string("preempt: ") + where + " is " + std::to_string(count) + ", must be 0 or more");
}

}  // namespace

Semaphore::Semaphore(std::ptrdiff_t count) : count_(not_negative(count, "Semaphore(): count")) {}

bool Semaphore::acquire_slowly(detail::Deadline deadline) {
  detail::WaitList::Hold hold(waiters_);
  return try_acquire() || waiters_.wait(hold, deadline);
}

// A waiter that is woken has its unit; only what nobody waits for is counted.
void Semaphore::release(std::ptrdiff_t update) {
  not_negative(update, "Semaphore::release(): update");
  detail::WaitList::Hold hold(waiters_);
  core::Waiter* first = nullptr;
  core::Waiter* last = nullptr;
  for (; update > 0; --update) {
    core::Waiter* const waiter = waiters_.claim_first();
    if (waiter == nullptr) break;
    (last == nullptr ? first : last->next) = waiter;
    last = waiter;
  }
  if (update > 0) count_.fetch_add(update, std::memory_order_release);
  hold.release();
  detail::WaitList::deliver(first);
}

}  // namespace preempt
