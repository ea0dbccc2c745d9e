#include "core/watchdog.h"

#include <algorithm>

#include "os/thread.h"

namespace preempt::core {

Watchdog::Watchdog(Scheduler& scheduler)
    : scheduler_(scheduler), standstill_(scheduler), burst_seen_(scheduler.processors(), 0) {}

void Watchdog::wake() {
  bell_.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(bell_, 1);
}

void Watchdog::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  wake();
}

void Watchdog::run() {
  os::set_prompt();
  while (!stopping_.load(std::memory_order_seq_cst)) {
    const std::uint32_t bell = bell_.load(std::memory_order_seq_cst);
    wanted_.store(os::kNever, std::memory_order_seq_cst);
    credit_given_ = scheduler_.take_credit_given();
    const Nanos now = os::now();
    const Nanos next_look = look(now);
    sleeps_until_.store(next_look, std::memory_order_seq_cst);
    // What follows wakes only this thread: who brings work must still ring.
    const Nanos next_lost = lost_compete() ? now + kLongestPeriod : os::kNever;
    const Nanos wake_at =
        std::min({next_look, next_lost, wanted_.load(std::memory_order_seq_cst), scheduler_.next_timer()});
    wakes_at_.store(wake_at, std::memory_order_seq_cst);
    // What arrived while this looked rang no bell: it saw the watchdog awake.
    const bool missed = (next_look == os::kNever && scheduler_.anything_waits()) ||
                        (wake_at == os::kNever && scheduler_.credit_was_given());
    if (!missed && !stopping_.load(std::memory_order_seq_cst)) os::futex_wait(bell_, bell, wake_at);
    sleeps_until_.store(kAwake, std::memory_order_seq_cst);
    wakes_at_.store(kAwake, std::memory_order_seq_cst);
    wakeups_.fetch_add(1, std::memory_order_relaxed);
  }
}

// Workers without a processor matter when every processor is in use: one that computes again is one too many. Who was
// given credit lately will be given it again.
bool Watchdog::lost_compete() const {
  return scheduler_.has_lost() && (credit_given_ || scheduler_.on_credit() > 0 || scheduler_.idle_processors() == 0 ||
                                   scheduler_.anything_waits());
}

// Returns when to look again; kNever: nothing waits, and who brings work must ring.
Nanos Watchdog::look(Nanos now) {
  scheduler_.expire_timers(now);
  const Nanos slice = scheduler_.slices().base();
  if (lost_compete()) scheduler_.look_at_lost(now);
  if (!scheduler_.anything_waits()) {
    standstill_.nothing_waits();
    period_ = tasks_block(now) ? kFirstPeriod : kCalmPeriod;
    // One slice of patience: under a load that comes and goes, each sleep without end costs a submitter a wake-up. Not
    // while a burst would be over due before, if something came.
    if (quiet_since_ == 0) quiet_since_ = now;
    const Nanos calm_until = quiet_since_ + std::min(slice, os::kMillisecond);
    return now < calm_until && scheduler_.first_slice_end() >= calm_until ? calm_until : os::kNever;
  }
  quiet_since_ = 0;
  standstill_.look(now);
  const Nanos next = look_at_processors(now);
  // Where no task has slept for long, looks for sleepers were most of what the watchdog cost.
  const Nanos longest =
      tasks_block(now) ? std::clamp(slice + kSwitchTime, kFirstPeriod, kLongestPeriod) : kLongestPeriod;
  period_ = std::min(period_, longest);
  const Nanos wake_at = std::min(next, now + period_);
  period_ = std::min(period_ * 2, longest);
  return std::max(wake_at, now + kFirstPeriod / 2);
}

// Returns when the first of the running bursts is due.
Nanos Watchdog::look_at_processors(Nanos now) {
  Nanos next = os::kNever;
  for (int id = 0; id < scheduler_.processors(); ++id) {
    Processor& processor = scheduler_.processor(id);
    const Nanos burst = processor.dispatched_at();
    const bool same = burst == burst_seen_[id];
    burst_seen_[id] = burst;
    const auto suspicion = same ? Scheduler::Suspicion::kSameBurst : Scheduler::Suspicion::kNone;
    if (scheduler_.look_at(processor, now, suspicion)) {
      period_ = kFirstPeriod;
      last_taken_ = now;
    } else if (!same && tasks_block(now)) {
      period_ = kFirstPeriod;
    }
    if (processor.level() == kNoLevel || scheduler_.mode() == Preemption::kNone) continue;
    const Nanos due = std::max(processor.due_at(scheduler_.best_waiting(processor)), processor.not_before());
    // Over due already: asked just now, so a new burst is about to begin. One look for each is enough: two for each
    // preemption cost as much as all the rest of it.
    next = std::min(next, due > now ? due : now + scheduler_.shortest_burst(processor) + kSwitchTime);
  }
  scheduler_.help_idle_processors();
  return next;
}

}  // namespace preempt::core
