#include "core/watchdog.h"

#include <algorithm>

#include "os/thread.h"

namespace preempt::core {

Watchdog::Watchdog(Scheduler& scheduler)
    : scheduler_(scheduler), standstill_(scheduler), burst_seen_(scheduler.processors(), 0) {}

void Watchdog::wake() {
  bell_.fetch_add(1, std::memory_order_seq_cst);
  alarm_.bring_forward(os::Alarm::kAtOnce);
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
    sleep(look(now), now, bell);
    wakeups_.fetch_add(1, std::memory_order_relaxed);
  }
}

// --- Sleeping. Steps and proof: README.md, "Watchdog".

void Watchdog::sleep(const Plan& plan, Nanos now, std::uint32_t bell) {
  const Nanos next_look = plan.next() == os::kNever ? os::kNever : std::max(plan.next(), now + kFirstPeriod / 2);
  const Nanos next_lost = lost_compete() ? now + kLongestPeriod : os::kNever;
  no_later_.store(std::min(plan.sleepers, next_lost), std::memory_order_relaxed);
  sleeps_until_.store(next_look, std::memory_order_seq_cst);
  // What else wakes this thread is nothing that who brings work may count on.
  const Nanos wake_at =
      std::min({next_look, next_lost, wanted_.load(std::memory_order_seq_cst), scheduler_.next_timer()});
  alarm_.set_for(wake_at);
  // Who lowered one of them before the alarm was set could not bring it forward.
  alarm_.bring_forward(
      std::min(wanted_.load(std::memory_order_seq_cst), sleeps_until_.load(std::memory_order_seq_cst)));
  // What arrived while this looked set no alarm: it saw the watchdog awake.
  const bool missed = bell_.load(std::memory_order_seq_cst) != bell || stopping_.load(std::memory_order_seq_cst) ||
                      (next_look == os::kNever && scheduler_.anything_waits()) ||
                      (wake_at == os::kNever && scheduler_.credit_was_given());
  if (missed) {
    alarm_.stay_awake();
  } else {
    if (next_look == os::kNever) {
      scheduler_.plan_look(0, os::kNever);
    } else {
      scheduler_.plan_look(next_look, late_before(now, std::max(wake_at, now)));
    }
    alarm_.wait();
  }
  scheduler_.plan_look(os::kNever, os::kNever);
  sleeps_until_.store(kAwake, std::memory_order_seq_cst);
}

// The alarm first: if this thread is stopped in between, others do the same. And once more, since the sleep that was
// swapped may be another one by then.
void Watchdog::plan_first_look() {
  const Nanos now = os::now();
  const Nanos no_later = now + first_period(now);
  no_later_.store(no_later, std::memory_order_relaxed);
  scheduler_.plan_look(no_later, os::kNever);
  const Nanos when = std::min(scheduler_.first_due(now, Scheduler::Asked::kForBetter), no_later);
  alarm_.bring_forward(when);
  Nanos without_end = os::kNever;
  if (!sleeps_until_.compare_exchange_strong(without_end, when, std::memory_order_seq_cst)) return;
  alarm_.bring_forward(when);
  scheduler_.plan_look(when, late_before(now, std::max(when, now)));
}

void Watchdog::postpone_look(Nanos now) {
  const Nanos alarm = alarm_.at();
  Nanos planned = sleeps_until_.load(std::memory_order_seq_cst);
  if (planned == os::kNever || planned <= now || alarm <= now) return;  // awake, or about to be
  const Nanos no_later = no_later_.load(std::memory_order_relaxed);
  scheduler_.plan_look(no_later, os::kNever);
  const Nanos later = std::min(scheduler_.first_due(now, Scheduler::Asked::kNone), no_later);
  if (later <= planned || !sleeps_until_.compare_exchange_strong(planned, later, std::memory_order_seq_cst)) return;
  const Nanos when = std::min({later, wanted_.load(std::memory_order_seq_cst), scheduler_.next_timer()});
  if (!alarm_.postpone(alarm, when)) return;
  // Asked for in between; or it is another sleep by now, with an alarm for the same time.
  alarm_.bring_forward(
      std::min(wanted_.load(std::memory_order_seq_cst), sleeps_until_.load(std::memory_order_seq_cst)));
  scheduler_.plan_look(later, late_before(now, std::max(when, now)));
}

// Workers without a processor matter when every processor is in use: one that computes again is one too many. Who was
// given credit lately will be given it again.
bool Watchdog::lost_compete() const {
  return scheduler_.has_lost() && (credit_given_ || scheduler_.on_credit() > 0 || scheduler_.idle_processors() == 0 ||
                                   scheduler_.anything_waits());
}

Watchdog::Plan Watchdog::look(Nanos now) {
  scheduler_.expire_timers(now);
  if (lost_compete()) scheduler_.look_at_lost(now);
  if (!scheduler_.anything_waits()) {
    standstill_.nothing_waits();
    period_ = first_period(now);
    return {};
  }
  standstill_.look(now);
  look_at_processors(now);
  // Where no task has slept for long, looks for sleepers were most of what the watchdog cost.
  const Nanos slice = scheduler_.slices().base();
  const Nanos longest = tasks_block(now) ? std::clamp(slice + Scheduler::kSwitchTime, kFirstPeriod, kCalmPeriod)
                                         : std::clamp(4 * slice, kCalmPeriod, kLongestPeriod);
  period_ = std::min(period_, longest);
  const Plan plan = {.slices = scheduler_.first_due(now, Scheduler::Asked::kAll), .sleepers = now + period_};
  period_ = std::min(period_ * 2, longest);
  return plan;
}

void Watchdog::look_at_processors(Nanos now) {
  const int looks = looks_since_taken_.load(std::memory_order_relaxed);
  if (looks < kLooksForSleepers) looks_since_taken_.store(looks + 1, std::memory_order_relaxed);
  for (int id = 0; id < scheduler_.processors(); ++id) {
    Processor& processor = scheduler_.processor(id);
    const Nanos burst = processor.dispatched_at();
    const bool same = burst == burst_seen_[id];
    burst_seen_[id] = burst;
    const auto suspicion = same ? Scheduler::Suspicion::kSameBurst : Scheduler::Suspicion::kNone;
    if (scheduler_.look_at(processor, now, suspicion)) {
      period_ = kFirstPeriod;
      last_taken_.store(now, std::memory_order_relaxed);
      looks_since_taken_.store(0, std::memory_order_relaxed);
    } else if (!same && tasks_block_often(now)) {
      period_ = kFirstPeriod;
    }
  }
  scheduler_.help_idle_processors();
}

}  // namespace preempt::core
