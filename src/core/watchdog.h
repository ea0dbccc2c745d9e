// The slice clock and the detector of blocked workers (Go's sysmon).
#ifndef PREEMPT_CORE_WATCHDOG_H_
#define PREEMPT_CORE_WATCHDOG_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <vector>

#include "base/cache_line.h"
#include "core/scheduler.h"
#include "core/standstill.h"
#include "os/alarm.h"

namespace preempt::core {

// Sleeps without end while nothing waits. While something does, it wakes for the next slice's end, and in growing steps
// for workers that fell asleep; others change what it plans without waking it.
class Watchdog {
 public:
  explicit Watchdog(Scheduler& scheduler);

  void run();   // the thread's body
  void stop();  // from another thread; run() returns soon

  // Any thread; async-signal-safe. README.md, "Watchdog".
  void look_at(Nanos when) {
    // Kept for a watchdog that is awake and past the processor in question.
    Nanos wanted = wanted_.load(std::memory_order_relaxed);
    while (when < wanted && !wanted_.compare_exchange_weak(wanted, when, std::memory_order_seq_cst)) {
    }
    if (when < sleeps_until_.load(std::memory_order_seq_cst)) alarm_.bring_forward(when);
  }
  void work_waits() {
    if (sleeps_until_.load(std::memory_order_seq_cst) == os::kNever) plan_first_look();
  }
  void credit_given() {
    if (alarm_.at() == os::kNever) wake();
  }
  // A worker's, which has begun a burst.
  void postpone_look(Nanos now);

  std::uint64_t wakeups() const { return wakeups_.load(std::memory_order_relaxed); }

 private:
  static constexpr Nanos kFirstPeriod = 50 * os::kMicrosecond;
  static constexpr Nanos kCalmPeriod = os::kMillisecond;
  static constexpr Nanos kLongestPeriod = 10 * os::kMillisecond;
  // After a worker fell asleep each new burst is suspected at once for so many looks, and soon for so long.
  static constexpr int kLooksForSleepers = 16;
  static constexpr Nanos kTasksBlock = 100 * os::kMillisecond;
  static constexpr Nanos kAwake = os::Alarm::kAwake;

  // What look() found to do next.
  struct Plan {
    Nanos slices = os::kNever;    // the first burst is due
    Nanos sleepers = os::kNever;  // time to look for workers that fell asleep; both kNever: nothing waits
    Nanos next() const { return std::min(slices, sleepers); }
  };

  // So late that tasks which are a little shorter than the time until then need not change the plan each.
  static Nanos late_before(Nanos now, Nanos then) { return then == os::kNever ? then : now + (then - now) * 3 / 4; }

  void wake();
  void plan_first_look();
  void sleep(const Plan& plan, Nanos now, std::uint32_t bell);
  bool lost_compete() const;
  bool tasks_block(Nanos now) const { return now - last_taken_.load(std::memory_order_relaxed) < kTasksBlock; }
  bool tasks_block_often(Nanos now) const {
    return looks_since_taken_.load(std::memory_order_relaxed) < kLooksForSleepers && tasks_block(now);
  }
  Nanos first_period(Nanos now) const { return tasks_block_often(now) ? kFirstPeriod : kCalmPeriod; }
  Plan look(Nanos now);
  void look_at_processors(Nanos now);

  Scheduler& scheduler_;
  Standstill standstill_;
  std::vector<Nanos> burst_seen_;  // for each processor: the burst that ran at the last look
  Nanos period_ = kFirstPeriod;
  std::atomic<Nanos> last_taken_ = -kTasksBlock;
  std::atomic<int> looks_since_taken_ = kLooksForSleepers;
  bool credit_given_ = false;  // between the last look and this one
  alignas(base::kCacheLine) std::atomic<Nanos> sleeps_until_ = kAwake;
  os::Alarm alarm_;                           // sleeps_until_ is what others may count on, this may be earlier
  std::atomic<Nanos> no_later_ = os::kNever;  // for whatever bursts begin meanwhile
  std::atomic<Nanos> wanted_ = os::kNever;    // the earliest look that was asked for since the last one
  std::atomic<std::uint32_t> bell_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> wakeups_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_WATCHDOG_H_
