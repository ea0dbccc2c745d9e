#include "core/run_queue.h"

#include <algorithm>
#include <mutex>

namespace preempt::core {

void RunQueue::push_back(Runnable& runnable) {
  const std::lock_guard hold(lock_);
  levels_[runnable.level].push_back(&runnable);
  added(runnable);
}

void RunQueue::push_front(Runnable& runnable) {
  const std::lock_guard hold(lock_);
  levels_[runnable.level].push_front(&runnable);
  added(runnable);
}

void RunQueue::added(Runnable& runnable) {
  const LevelSet bit = LevelSet{1} << runnable.level;
  const LevelSet before = waiting_.load(std::memory_order_relaxed);
  if ((before & bit) == 0) {
    const Nanos now = os::now();
    served_[runnable.level].store(now, std::memory_order_relaxed);
    if (before == 0) last_choice_.store(now, std::memory_order_relaxed);
    waiting_.store(before | bit, std::memory_order_relaxed);
  }
  if (runnable.kind == RunnableKind::kTask) return;
  auto& fiber = static_cast<Fiber&>(runnable);
  waiting_list(runnable.kind).push_back(&fiber);
  if (stopped_.front() == &fiber) oldest_stopped_.store(fiber.waiting_since, std::memory_order_relaxed);
}

void RunQueue::remove(Runnable& runnable) {
  Level& level = levels_[runnable.level];
  level.remove(&runnable);
  if (level.empty()) {
    const LevelSet bit = LevelSet{1} << runnable.level;
    waiting_.store(waiting_.load(std::memory_order_relaxed) & ~bit, std::memory_order_relaxed);
  }
  if (runnable.kind == RunnableKind::kTask) return;
  waiting_list(runnable.kind).remove(static_cast<Fiber*>(&runnable));
  if (runnable.kind == RunnableKind::kStoppedWorker) {
    oldest_stopped_.store(stopped_.empty() ? os::kNever : stopped_.front()->waiting_since, std::memory_order_relaxed);
  }
}

Nanos RunQueue::overdue_from() const {
  const Nanos oldest = oldest_stopped();
  if (oldest == os::kNever) return os::kNever;
  return std::max(oldest + slices_.stopped_at_most(), next_overdue_turn_.load(std::memory_order_relaxed));
}

// The best level is served anyway; kNoLevel when no other one starves.
int RunQueue::starving_level(Nanos now) const {
  LevelSet others = waiting();
  others &= others - 1;
  for (; others != 0; others &= others - 1) {
    const int level = __builtin_ctz(others);
    if (now - served_[level].load(std::memory_order_relaxed) >= slices_.starving_after()) return level;
  }
  return kNoLevel;
}

Nanos RunQueue::next_entitlement() const {
  Nanos next = overdue_from();
  for (LevelSet levels = waiting(); levels != 0; levels &= levels - 1) {
    const Nanos served = served_[__builtin_ctz(levels)].load(std::memory_order_relaxed);
    next = std::min(next, served + slices_.starving_after());
  }
  return next;
}

Choice RunQueue::pick(Nanos now) {
  if (waiting() == 0) return {};
  const std::lock_guard hold(lock_);
  if (waiting() == 0) return {};
  Choice choice;
  if (overdue(now)) {
    next_overdue_turn_.store(now + slices_.between_overdue(), std::memory_order_relaxed);
    choice = {.runnable = stopped_.front(), .grant = slices_.least_run(), .is_turn = true};
  } else if (const int starving = starving_level(now); starving != kNoLevel) {
    choice = {.runnable = levels_[starving].front(), .grant = slices_.base()};
  } else {
    choice = {.runnable = levels_[best_of(waiting())].front(), .grant = 0};
  }
  last_choice_.store(now, std::memory_order_relaxed);
  served_[choice.runnable->level].store(now, std::memory_order_relaxed);
  remove(*choice.runnable);
  return choice;
}

Fiber* RunQueue::take_first(Waiting& list) {
  const std::lock_guard hold(lock_);
  Fiber* fiber = list.front();
  if (fiber != nullptr) remove(*fiber);
  return fiber;
}

Fiber* RunQueue::take_stopped() { return oldest_stopped() == os::kNever ? nullptr : take_first(stopped_); }
Fiber* RunQueue::take_suspended() { return waiting() == 0 ? nullptr : take_first(suspended_); }

int RunQueue::give_half_to(RunQueue& thief) {
  if (waiting() == 0) return 0;
  Runnable* stolen[kMostStolen];
  int count = 0;
  {
    const std::lock_guard hold(lock_);
    if (waiting() == 0) return 0;
    Level& best = levels_[best_of(waiting())];
    const int wanted = std::min<int>(static_cast<int>(best.size() + 1) / 2, kMostStolen);
    // Oldest first, so that the order of starts stays close to the order of arrival.
    for (; count < wanted; ++count) {
      stolen[count] = best.front();
      remove(*stolen[count]);
    }
  }
  for (int i = 0; i < count; ++i) thief.push_back(*stolen[i]);
  return count;
}

}  // namespace preempt::core
