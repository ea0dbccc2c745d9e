// Finds out that nothing moves any more though tasks are queued.
#ifndef PREEMPT_CORE_STANDSTILL_H_
#define PREEMPT_CORE_STANDSTILL_H_

#include <cstdint>

#include "core/scheduler.h"

namespace preempt::core {

// The watchdog's. Looks twice a second, so that what it reads of each processor costs nothing.
class Standstill {
 public:
  static constexpr Nanos kLength = 5 * os::kSecond;

  explicit Standstill(Scheduler& scheduler) : scheduler_(scheduler) {}

  void nothing_waits() { since_ = kNone; }

  // Something waits. Tells Helpers::nothing_moves() once in each kLength without a dispatch or a hand-off.
  void look(Nanos now) {
    if (since_ != kNone && now < next_look_) return;
    next_look_ = now + kPeriod;
    const std::uint64_t moves = scheduler_.moves();
    if (since_ == kNone || moves != moves_) {
      moves_ = moves;
      since_ = now;
    } else if (now - since_ >= kLength) {
      since_ = now;
      if (scheduler_.all_are_blocked()) scheduler_.helpers().nothing_moves(moves);
    }
  }

 private:
  static constexpr Nanos kPeriod = 500 * os::kMillisecond;
  static constexpr Nanos kNone = -1;

  Scheduler& scheduler_;
  std::uint64_t moves_ = 0;
  Nanos since_ = kNone;
  Nanos next_look_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_STANDSTILL_H_
