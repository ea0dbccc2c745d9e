// What waits for one processor.
#ifndef PREEMPT_CORE_RUN_QUEUE_H_
#define PREEMPT_CORE_RUN_QUEUE_H_

#include <atomic>
#include <cstdint>

#include "base/cache_line.h"
#include "base/list.h"
#include "core/levels.h"
#include "fiber/fiber.h"
#include "os/lock.h"

namespace preempt::core {

using detail::Runnable;
using detail::RunnableKind;
using fiber::Fiber;

// Of the slice of its level.
inline Nanos used_by(const Runnable& runnable) {
  return runnable.kind == RunnableKind::kTask ? 0 : static_cast<const Fiber&>(runnable).used;
}

// A runnable and how long it may run before a higher level takes its place (0: the ordinary least_run()). Two words, to
// be handed on in registers: copies through memory cost a tenth of an empty task.
struct Choice {
  Runnable* runnable = nullptr;
  Nanos grant : 63 = 0;
  bool is_turn : 1 = false;  // no more than the grant while others of its level wait: it is out of its order
  explicit operator bool() const { return runnable != nullptr; }
};
static_assert(sizeof(Choice) == 16);

struct RunnableLinks {
  static Runnable*& next(Runnable& node) { return node.next; }
  static Runnable*& prev(Runnable& node) { return node.prev; }
};
struct WaitingLinks {
  static Fiber*& next(Fiber& node) { return node.next_waiting; }
  static Fiber*& prev(Fiber& node) { return node.prev_waiting; }
};

// A first-in-first-out list for each level. Thread safe; called in the scheduler or by the watchdog only, because of
// the lock. Fibers also stand in a list by age, stopped and suspended ones apart.
class alignas(base::kCacheLine) RunQueue {
 public:
  explicit RunQueue(const Slices& slices) : slices_(slices) {}

  // Full fences, so that the look at the idle word that follows comes after them (Scheduler::work_arrived()). `now` 0:
  // not known, a clock is asked where it is needed.
  void push_back(Runnable& runnable, Nanos now = 0);
  void push_front(Runnable& runnable, Nanos now = 0);
  // A chain linked by `next`. How many.
  int push_back_all(Runnable* first, Nanos now);

  // Next to run: an overdue stopped worker, then a starving level's first, then the best level's first. `running`: the
  // level of what would give way, which serves no level below it.
  Choice pick(Nanos now, int running = kNoLevel);

  // What pick() would give at the moment of the last choice, if that is a task that has not begun and whose bursts are
  // like those of `like`; null: ask pick().
  Runnable* take_alike(const Runnable& like);

  // pick() for a fiber that gives way. Where another fiber was chosen the queue stays locked: the one that gives way
  // takes its place, and who finds it there finds it complete, since finish_swap() comes after the switch. Model:
  // sched() and the process table's lock in xv6.
  Choice begin_swap(Nanos now, int running);
  enum class Place { kFirst, kLast };
  void stand_in(Fiber& leaving, Place place, Nanos now);
  void finish_swap() { lock_.unlock_fenced(); }  // a full fence, as push_back()
  void cancel_swap(const Choice& choice);

  // What pick() gave cannot run now: it comes first in its level again, and keeps its claim to a turn.
  void put_back(const Choice& choice);
  // Oldest by time of waiting; null when there is none.
  Fiber* take_stopped();
  Fiber* take_suspended();

  // Moves half of the best level, at most kMostStolen, to `thief`. How many.
  int give_half_to(RunQueue& thief);

  // Looks without the lock: right at some moment during the call.
  LevelSet waiting() const { return waiting_.load(std::memory_order_relaxed); }
  Nanos oldest_stopped() const { return oldest_stopped_.load(std::memory_order_relaxed); }
  // Something waits, and nothing was chosen for longer than a stopped worker may wait.
  bool is_neglected(Nanos now) const {
    return waiting() != 0 && now - last_choice_.load(std::memory_order_relaxed) > slices_.stopped_at_most();
  }
  // When pick() will prefer somebody to the best level; kNever without such a one.
  Nanos next_entitlement() const;

 private:
  static constexpr std::size_t kMostStolen = 64;
  static constexpr std::size_t kCrowd = 32;
  using Level = base::List<Runnable, RunnableLinks>;
  using Waiting = base::List<Fiber, WaitingLinks>;

  Choice choose(Nanos now, int running);
  void forget_turn(const Choice& choice);
  void added(Runnable& runnable, Nanos now);
  void note(Runnable& runnable, Nanos now);
  void remove(Runnable& runnable);
  void level_shrank(int level);
  void stops_waiting(Fiber& fiber);
  Waiting& waiting_list(RunnableKind kind) { return kind == RunnableKind::kStoppedWorker ? stopped_ : suspended_; }
  Fiber* take_first(Waiting& list);
  bool is_crowded() const { return stopped_.size() > kCrowd; }
  bool overdue(Nanos now) const { return now >= overdue_from(); }
  bool crowd_is_served();
  Nanos overdue_from() const;
  int starving_level(Nanos now, int running) const;

  const Slices& slices_;
  os::Lock lock_;
  Level levels_[kLevels];
  Waiting stopped_;
  Waiting suspended_;
  std::atomic<Nanos> next_overdue_turn_ = 0;
  std::atomic<Nanos> next_starving_turn_ = 0;
  bool crowd_served_last_ = false;
  std::atomic<bool> share_runs_ = false;     // the last choice was a starving level's turn
  std::atomic<Nanos> last_choice_ = 0;       // pick() chose, or the queue became non-empty
  std::atomic<Nanos> served_[kLevels] = {};  // last time that the level gave one away, or became non-empty
  // What other processors look at for each of their choices, apart from what each choice here writes.
  alignas(base::kCacheLine) std::atomic<LevelSet> waiting_ = 0;
  std::atomic<Nanos> oldest_stopped_ = os::kNever;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_RUN_QUEUE_H_
