// The right to run, with a queue of what waits for it (Go's P).
#ifndef PREEMPT_CORE_PROCESSOR_H_
#define PREEMPT_CORE_PROCESSOR_H_

#include <algorithm>
#include <atomic>

#include "base/cache_line.h"
#include "core/levels.h"
#include "core/run_queue.h"
#include "core/spare_stack.h"
#include "core/worker.h"
#include "os/coarse_clock.h"

namespace preempt::core {

// Owned by: the worker in `worker`; nobody, while it is in IdleProcessors; in between, the one thread that took it out
// of either place and will pass it on.
class alignas(base::kCacheLine) Processor {
 public:
  struct Place {
    int id;
    const Slices& slices;
  };
  explicit Processor(Place place) : id(place.id), queue(place.slices), slices_(place.slices) {}

  const int id;
  RunQueue queue;
  SpareStack spares;
  std::atomic<Worker*> worker = nullptr;
  os::CoarseClock clock;      // the owner's: for choices
  Nanos next_rescue = 0;      // the owner's: when to look after neglected queues again
  Nanos next_sort_in = 0;     // the owner's: when to look at the inject queue at the latest
  bool rescued_last = false;  // the owner's: what pass_on() did the last time

  // --- The burst that runs. Written by the owner, read by the watchdog and submitters.

  // `runnable` starts or goes on now. A grant keeps higher levels away for longer than usual; a turn is over with it.
  void dispatch(const Runnable& runnable, Nanos now, Choice how) {
    const Nanos rest = std::max<Nanos>(slices_.slice(runnable) - used_by(runnable), 0);
    dispatched_at_.store(now, std::memory_order_relaxed);
    slice_end_.store(now + (how.is_turn ? std::min(rest, how.grant) : rest), std::memory_order_relaxed);
#ifdef PREEMPT_EAGER
    const Nanos protection = how.grant;  // a share is a share there, too
#else
    const Nanos protection = std::max(slices_.least_run(runnable), how.grant);
#endif
    protected_until_.store(now + protection, std::memory_order_relaxed);
    set_level(runnable.level);
    requested_at_.store(kNoRequest, std::memory_order_relaxed);
    not_before_.store(0, std::memory_order_relaxed);
  }
  // The time up to `now` is accounted for.
  void charged(Nanos now) { dispatched_at_.store(now, std::memory_order_relaxed); }
  // What was decided when the burst began would be decided again: for the clock no time has passed. The owner's.
  bool begins_now() const { return clock.answer_that_holds() == dispatched_at(); }
  void nothing_runs() { set_level(kNoLevel); }

  int level() const { return level_.load(std::memory_order_relaxed); }
  Nanos dispatched_at() const { return dispatched_at_.load(std::memory_order_relaxed); }
  Nanos slice_end() const { return slice_end_.load(std::memory_order_relaxed); }
  Nanos protected_until() const { return protected_until_.load(std::memory_order_relaxed); }
  // When the burst should end if `best_waiting` is the best level that waits.
  Nanos due_at(int best_waiting) const {
    const Nanos for_others = std::max(protected_until(), best_waiting < level() ? 0 : queue.next_entitlement());
    return std::min(slice_end(), for_others);
  }

  // --- At most one request to preempt the burst is under way.
  bool begin_request(Nanos now, Nanos expiry) {
    if (now < not_before_.load(std::memory_order_relaxed)) return false;
    Nanos before = requested_at_.load(std::memory_order_relaxed);
    if (before != kNoRequest && now - before < expiry) return false;
    return requested_at_.compare_exchange_strong(before, now, std::memory_order_relaxed);
  }
  // The request came to nothing: the next one not before `when`.
  void refuse_request(Nanos when) {
    not_before_.store(when, std::memory_order_relaxed);
    requested_at_.store(kNoRequest, std::memory_order_relaxed);
  }
  Nanos not_before() const { return not_before_.load(std::memory_order_relaxed); }

 private:
  static constexpr Nanos kNoRequest = 0;

  // Submitters read it for each task: written only when it changes, and apart from what each dispatch writes.
  void set_level(int level) {
    if (level_.load(std::memory_order_relaxed) != level) level_.store(level, std::memory_order_relaxed);
  }

  const Slices& slices_;
  alignas(base::kCacheLine) std::atomic<int> level_ = kNoLevel;
  alignas(base::kCacheLine) std::atomic<Nanos> dispatched_at_ = 0;
  std::atomic<Nanos> slice_end_ = 0;
  std::atomic<Nanos> protected_until_ = 0;
  std::atomic<Nanos> requested_at_ = kNoRequest;
  std::atomic<Nanos> not_before_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_PROCESSOR_H_
