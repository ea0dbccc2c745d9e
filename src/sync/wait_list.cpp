#include "preempt/detail/wait_list.h"

#include "core/waiter.h"
#include "os/lock.h"

namespace preempt::detail {

static_assert(kNoDeadline == os::kNever);

// A task that was stopped with the lock would make others spin.
WaitList::Hold::Hold(WaitList& list) noexcept : no_preempt_(std::in_place), list_(&list) {
  os::Lock::lock(list.held_);
}

void WaitList::Hold::release() noexcept {
  if (list_ == nullptr) return;
  os::Lock::unlock(list_->held_);
  list_ = nullptr;
  no_preempt_.reset();
}

// --- Waiting.

void WaitList::append(core::Waiter& waiter) noexcept {
  waiter.is_listed = true;
  waiter.prev = last_;
  waiter.next = nullptr;
  (last_ == nullptr ? first_ : last_->next) = &waiter;
  last_ = &waiter;
}

void WaitList::remove(core::Waiter& waiter) noexcept {
  (waiter.prev == nullptr ? first_ : waiter.prev->next) = waiter.next;
  (waiter.next == nullptr ? last_ : waiter.next->prev) = waiter.prev;
  waiter.is_listed = false;
}

bool WaitList::wait(Hold& hold, Deadline deadline) {
  core::Waiter waiter;
  append(waiter);
  hold.release();
  return wait_appended(waiter, deadline);
}

bool WaitList::wait_appended(core::Waiter& waiter, Deadline deadline) {
  if (core::wait(waiter, deadline)) return true;
  // Whoever took it off the list, to find that its time is over, has let go of it when the hold is free.
  const Hold hold(*this);
  if (waiter.is_listed) remove(waiter);
  return false;
}

// --- Waking.

core::Waiter* WaitList::claim_first() noexcept {
  while (first_ != nullptr) {
    core::Waiter& waiter = *first_;
    remove(waiter);
    if (!core::claim(waiter)) continue;  // its time is over
    waiter.next = nullptr;
    return &waiter;
  }
  return nullptr;
}

core::Waiter* WaitList::claim_all() noexcept {
  core::Waiter* const chain = claim_first();
  for (core::Waiter* last = chain; last != nullptr; last = last->next) last->next = claim_first();
  return chain;
}

void WaitList::deliver(core::Waiter* chain) {
  while (chain != nullptr) {
    core::Waiter& waiter = *chain;
    chain = waiter.next;  // it may be gone afterwards
    core::deliver(waiter);
  }
}

}  // namespace preempt::detail
