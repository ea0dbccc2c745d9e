// The slice clock and the detector of blocked workers (Go's sysmon).
#ifndef PREEMPT_CORE_WATCHDOG_H_
#define PREEMPT_CORE_WATCHDOG_H_

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/cache_line.h"
#include "core/scheduler.h"
#include "core/standstill.h"
#include "os/futex.h"

namespace preempt::core {

// Sleeps without end while nothing waits. While something does, it wakes for the next slice's end, and in growing
// steps, from kFirstPeriod to a slice, for workers that fell asleep.
class Watchdog {
 public:
  explicit Watchdog(Scheduler& scheduler);

  void run();   // the thread's body
  void stop();  // from another thread; run() returns soon

  // Any thread; async-signal-safe.
  void look_at(Nanos when) {
    // Kept for a watchdog that is awake and past the processor in question.
    Nanos wanted = wanted_.load(std::memory_order_relaxed);
    while (when < wanted && !wanted_.compare_exchange_weak(wanted, when, std::memory_order_seq_cst)) {
    }
    if (when < sleeps_until_.load(std::memory_order_seq_cst)) wake();
  }
  void work_waits() {
    if (sleeps_until_.load(std::memory_order_seq_cst) == os::kNever) wake();
  }

  void credit_given() {
    if (wakes_at_.load(std::memory_order_seq_cst) == os::kNever) wake();
  }

  std::uint64_t wakeups() const { return wakeups_.load(std::memory_order_relaxed); }

 private:
  static constexpr Nanos kFirstPeriod = 50 * os::kMicrosecond;
  static constexpr Nanos kCalmPeriod = os::kMillisecond;
  static constexpr Nanos kLongestPeriod = 10 * os::kMillisecond;
  // For so long after a worker fell asleep each new burst is suspected soon, too.
  static constexpr Nanos kTasksBlock = 100 * os::kMillisecond;
  // From a request to the next burst's beginning, generously.
  static constexpr Nanos kSwitchTime = 20 * os::kMicrosecond;
  static constexpr Nanos kAwake = 0;

  void wake();
  bool lost_compete() const;
  bool tasks_block(Nanos now) const { return now - last_taken_ < kTasksBlock; }
  Nanos look(Nanos now);
  Nanos look_at_processors(Nanos now);

  Scheduler& scheduler_;
  Standstill standstill_;
  std::vector<Nanos> burst_seen_;  // for each processor: the burst that ran at the last look
  Nanos period_ = kFirstPeriod;
  Nanos last_taken_ = -kTasksBlock;
  bool credit_given_ = false;  // between the last look and this one
  Nanos quiet_since_ = 0;      // nothing has waited since; 0: something does
  alignas(base::kCacheLine) std::atomic<Nanos> sleeps_until_ = kAwake;
  std::atomic<Nanos> wakes_at_ = kAwake;    // by itself; sleeps_until_ is what others may count on
  std::atomic<Nanos> wanted_ = os::kNever;  // the earliest look that was asked for since the last one
  os::FutexWord bell_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<std::uint64_t> wakeups_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_WATCHDOG_H_
