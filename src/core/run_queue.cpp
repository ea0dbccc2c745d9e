#include "core/run_queue.h"

#include <algorithm>
#include <mutex>

namespace preempt::core {

// `now` 0: not known yet, and needed only where a level was empty.
inline void RunQueue::added(Runnable& runnable, Nanos now) {
  const bool is_one_more = runnable.kind == RunnableKind::kTask && (waiting() >> runnable.level & 1) != 0;
  if (!is_one_more) note(runnable, now);
}

void RunQueue::push_back(Runnable& runnable, Nanos now) {
  lock_.lock();
  levels_[runnable.level].push_back(&runnable);
  added(runnable, now);
  lock_.unlock_fenced();
}

void RunQueue::push_front(Runnable& runnable, Nanos now) {
  lock_.lock();
  levels_[runnable.level].push_front(&runnable);
  added(runnable, now);
  lock_.unlock_fenced();
}

int RunQueue::push_back_all(Runnable* first, Nanos now) {
  int count = 0;
  lock_.lock();
  for (Runnable* runnable = first; runnable != nullptr; ++count) {
    Runnable* const next = runnable->next;
    levels_[runnable->level].push_back(runnable);
    added(*runnable, now);
    runnable = next;
  }
  lock_.unlock_fenced();
  return count;
}

void RunQueue::note(Runnable& runnable, Nanos now) {
  const LevelSet bit = LevelSet{1} << runnable.level;
  const LevelSet before = waiting();
  if ((before & bit) == 0) {
    if (now == 0) now = os::now();
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
  levels_[runnable.level].remove(&runnable);
  level_shrank(runnable.level);
  if (runnable.kind != RunnableKind::kTask) stops_waiting(static_cast<Fiber&>(runnable));
}

void RunQueue::level_shrank(int level) {
  if (!levels_[level].empty()) return;
  waiting_.store(waiting() & ~(LevelSet{1} << level), std::memory_order_relaxed);
}

void RunQueue::stops_waiting(Fiber& fiber) {
  waiting_list(fiber.kind).remove(&fiber);
  if (fiber.kind == RunnableKind::kStoppedWorker) {
    oldest_stopped_.store(stopped_.empty() ? os::kNever : stopped_.front()->waiting_since, std::memory_order_relaxed);
  }
}

Nanos RunQueue::overdue_from() const {
  const Nanos oldest = oldest_stopped();
  if (oldest == os::kNever) return os::kNever;
  return std::max(oldest + slices_.stopped_at_most(), next_overdue_turn_.load(std::memory_order_relaxed));
}

// The one that starves longest; kNoLevel when none does, or another one had its slice lately. The best level is served
// anyway, unless something better runs.
int RunQueue::starving_level(Nanos now, int running) const {
  if (now < next_starving_turn_.load(std::memory_order_relaxed)) return kNoLevel;
  int longest = kNoLevel;
  Nanos since = now - slices_.starving_after();
  LevelSet others = waiting();
  if (best_of(others) <= running) others &= others - 1;
  for (; others != 0; others &= others - 1) {
    const int level = __builtin_ctz(others);
    const Nanos served = served_[level].load(std::memory_order_relaxed);
    if (served > since) continue;
    since = served;
    longest = level;
  }
  return longest;
}

Nanos RunQueue::next_entitlement() const {
  Nanos starving = os::kNever;
  for (LevelSet levels = waiting(); levels != 0; levels &= levels - 1) {
    const Nanos served = served_[__builtin_ctz(levels)].load(std::memory_order_relaxed);
    starving = std::min(starving, served + slices_.starving_after());
  }
  return std::min(overdue_from(), std::max(starving, next_starving_turn_.load(std::memory_order_relaxed)));
}

// Where many are stopped, most of them may wait for a lock that one of them holds, as fresh tasks will too, each with
// one more thread: every second choice is the one that waits longest.
bool RunQueue::crowd_is_served() {
  crowd_served_last_ = is_crowded() && !crowd_served_last_;
  return crowd_served_last_;
}

Choice RunQueue::pick(Nanos now, int running) {
  if (waiting() == 0) return {};
  const std::lock_guard hold(lock_);
  return choose(now, running);
}

Choice RunQueue::choose(Nanos now, int running) {
  if (waiting() == 0) return {};
  if (share_runs_.load(std::memory_order_relaxed)) {
    // From its end on: where nothing preempted it, it may have lasted longer than that.
    share_runs_.store(false, std::memory_order_relaxed);
    next_starving_turn_.store(now + slices_.starving_after(), std::memory_order_relaxed);
  }
  Choice choice;
  if (crowd_is_served() || overdue(now)) {
    next_overdue_turn_.store(now + slices_.between_overdue(), std::memory_order_relaxed);
    choice = {.runnable = stopped_.front(), .grant = slices_.least_run(), .is_turn = true};
  } else if (const int starving = starving_level(now, running); starving != kNoLevel) {
    next_starving_turn_.store(now + slices_.starving_after(), std::memory_order_relaxed);
    share_runs_.store(true, std::memory_order_relaxed);
    choice = {.runnable = levels_[starving].front(), .grant = slices_.base()};
  } else {
    choice = {.runnable = levels_[best_of(waiting())].front(), .grant = 0};
  }
  last_choice_.store(now, std::memory_order_relaxed);
  const int level = choice.runnable->level;
  // A stopped worker's turn serves it, not the first of its level: a suspended fiber starved among such at one level.
  if (!choice.is_turn) served_[level].store(now, std::memory_order_relaxed);
  remove(*choice.runnable);
  __builtin_prefetch(levels_[level].front());  // most likely the next choice
  return choice;
}

// Nobody can have become overdue or have starved since a choice of the same moment.
Runnable* RunQueue::take_alike(const Runnable& like) {
  if (!is_best(waiting(), like.level)) return nullptr;
  const std::lock_guard hold(lock_);
  if (!is_best(waiting(), like.level)) return nullptr;
  Level& level = levels_[like.level];
  Runnable* const first = level.front();
  if (first->kind != RunnableKind::kTask || is_crowded() || first->base_slice_us != like.base_slice_us) {
    return nullptr;
  }
  level.pop_front();
  level_shrank(like.level);
  __builtin_prefetch(level.front());  // most likely the next choice
  return first;
}

void RunQueue::put_back(const Choice& choice) {
  lock_.lock();
  cancel_swap(choice);
}

void RunQueue::forget_turn(const Choice& choice) {
  if (choice.grant == 0) return;
  if (choice.is_turn) {
    next_overdue_turn_.store(0, std::memory_order_relaxed);
  } else {
    share_runs_.store(false, std::memory_order_relaxed);
    next_starving_turn_.store(0, std::memory_order_relaxed);
  }
  served_[choice.runnable->level].store(0, std::memory_order_relaxed);
}

Choice RunQueue::begin_swap(Nanos now, int running) {
  if (waiting() == 0) return {};
  lock_.lock();
  const Choice choice = choose(now, running);
  if (!choice || choice.runnable->kind != RunnableKind::kSuspendedFiber) lock_.unlock();
  return choice;
}

void RunQueue::stand_in(Fiber& leaving, Place place, Nanos now) {
  Level& level = levels_[leaving.level];
  place == Place::kLast ? level.push_back(&leaving) : level.push_front(&leaving);
  added(leaving, now);
}

void RunQueue::cancel_swap(const Choice& choice) {
  levels_[choice.runnable->level].push_front(choice.runnable);
  added(*choice.runnable, 0);
  forget_turn(choice);
  lock_.unlock_fenced();
}

Fiber* RunQueue::take_first(Waiting& list) {
  const std::lock_guard hold(lock_);
  Fiber* fiber = list.front();
  if (fiber != nullptr) remove(*fiber);
  return fiber;
}

Fiber* RunQueue::take_stopped() { return oldest_stopped() == os::kNever ? nullptr : take_first(stopped_); }
Fiber* RunQueue::take_suspended() { return waiting() == 0 ? nullptr : take_first(suspended_); }

// Oldest first, so that the order of starts stays close to the order of arrival.
int RunQueue::give_half_to(RunQueue& thief) {
  if (waiting() == 0) return 0;
  Runnable* stolen;
  {
    const std::lock_guard hold(lock_);
    if (waiting() == 0) return 0;
    const int best = best_of(waiting());
    stolen = levels_[best].take_front(std::min((levels_[best].size() + 1) / 2, kMostStolen));
    level_shrank(best);
    for (Runnable* each = stolen; each != nullptr; each = each->next) {
      if (each->kind != RunnableKind::kTask) stops_waiting(static_cast<Fiber&>(*each));
    }
  }
  return thief.push_back_all(stolen, os::now());
}

}  // namespace preempt::core
