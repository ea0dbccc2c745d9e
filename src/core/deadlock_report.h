// What the tasks of an executor that stands still are blocked in.
#ifndef PREEMPT_CORE_DEADLOCK_REPORT_H_
#define PREEMPT_CORE_DEADLOCK_REPORT_H_

#include <atomic>
#include <cstdint>
#include <string>

#include "core/log.h"
#include "core/scheduler.h"

namespace preempt::core {

class DeadlockReport final : public Log::Report {
 public:
  explicit DeadlockReport(Scheduler& scheduler) : scheduler_(scheduler) {}

  // The watchdog's; async-signal-safe. `moves`: Scheduler::moves(), the same as long as nothing moved. False: this
  // standstill was reported, or enough others were.
  bool is_due(std::uint64_t moves) {
    if (reports_.load(std::memory_order_relaxed) == kMost || reported_.load(std::memory_order_relaxed) == moves) {
      return false;
    }
    asked_.store(moves, std::memory_order_relaxed);
    return true;
  }

  // On the log's thread. Empty: a task computes, or one moved in between, so it was no standstill.
  std::string text() override;

 private:
  static constexpr int kMost = 3;

  Scheduler& scheduler_;
  std::atomic<std::uint64_t> asked_ = 0, reported_ = 0;
  std::atomic<int> reports_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_DEADLOCK_REPORT_H_
