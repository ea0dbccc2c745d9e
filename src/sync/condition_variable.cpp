#include "preempt/sync/condition_variable.h"

#include "core/waiter.h"

namespace preempt {

void ConditionVariable::notify_one() {
  detail::WaitList::Hold hold(waiters_);
  core::Waiter* const waiter = waiters_.claim_first();
  hold.release();
  detail::WaitList::deliver(waiter);
}

void ConditionVariable::notify_all() {
  detail::WaitList::Hold hold(waiters_);
  core::Waiter* const chain = waiters_.claim_all();
  hold.release();
  detail::WaitList::deliver(chain);
}

// On the list before the mutex is free: whoever changes the condition under it finds the waiter.
std::cv_status ConditionVariable::wait_until_deadline(std::unique_lock<Mutex>& lock, detail::Deadline deadline) {
  core::Waiter waiter;
  detail::WaitList::Hold hold(waiters_);
  waiters_.append(waiter);
  hold.release();
  lock.unlock();
  const bool woken = waiters_.wait_appended(waiter, deadline);
  lock.lock();
  return woken ? std::cv_status::no_timeout : std::cv_status::timeout;
}

}  // namespace preempt
