// Levels of run queues and the slices that go with them.
#ifndef PREEMPT_CORE_LEVELS_H_
#define PREEMPT_CORE_LEVELS_H_

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "os/clock.h"
#include "preempt/detail/task.h"
#include "preempt/options.h"

namespace preempt::core {

using os::Nanos;

// Each priority has its own band of levels; the bands follow each other. A task starts at the first level of its band
// and goes one down when it has used a slice up.
inline constexpr int kPriorities = 3;
inline constexpr int kDepths = 6;
inline constexpr int kLevels = kPriorities * kDepths;
inline constexpr int kNoLevel = kLevels;  // behind every level: nothing waits, nobody runs

using LevelSet = std::uint32_t;  // bit L: level L
static_assert(kLevels < 32);

inline int first_level(Priority priority) { return static_cast<int>(priority) * kDepths; }
inline int first_level(int level) { return level / kDepths * kDepths; }
inline int next_level(int level) { return std::min(level + 1, first_level(level) + kDepths - 1); }
inline bool is_best(LevelSet levels, int level) { return (levels & -levels) == LevelSet{1} << level; }
inline int best_of(LevelSet levels) { return levels == 0 ? kNoLevel : __builtin_ctz(levels); }

// Lengths of time, all from the one that the user sets.
class Slices {
 public:
  Slices(Nanos base, int growth) : base_(base) {
    Nanos factor = 1;
    for (Nanos& each : factor_) {
      each = factor;
      factor *= growth;
    }
  }

  Nanos base() const { return base_.load(std::memory_order_relaxed); }
  // A task's own, or that of all.
  Nanos base(const detail::Runnable& runnable) const {
    return runnable.base_slice_us != 0 ? runnable.base_slice_us * os::kMicrosecond : base();
  }
  void set_base(Nanos base) { base_.store(base, std::memory_order_relaxed); }

  // Whole slice of a runnable at its level.
  Nanos slice(const detail::Runnable& runnable) const {
    return std::min(base(runnable) * factor_[runnable.level % kDepths], kLongest);
  }

  // A task that was dispatched runs so long before a higher level may take its place, or half the cpu is spent on
  // switching under many short arrivals.
  Nanos least_run() const { return least_run_of(base()); }
  Nanos least_run(const detail::Runnable& runnable) const { return least_run_of(base(runnable)); }

  // From giving a processor to a parked worker until that runs. Longer ones than kSlowestSwitch measure how busy the
  // cpus are, not the switch.
  void note_switch(Nanos cost) {
    const Nanos average = switch_cost_.load(std::memory_order_relaxed);
    switch_cost_.store(average + (std::min(cost, kSlowestSwitch) - average) / 8, std::memory_order_relaxed);
  }

  // A level that was not served for so long gets one base slice.
  Nanos starving_after() const { return 60 * base(); }

  // A stopped thread may hold a lock that somebody outside needs: it waits so long whatever its level ...
  Nanos stopped_at_most() const { return std::max(4 * base(), 10 * os::kMillisecond); }
  // ... but such turns leave most of the time to the others.
  Nanos between_overdue() const { return std::max(base(), 4 * least_run()); }

 private:
  static constexpr Nanos kLongest = 10 * os::kSecond;
  static constexpr Nanos kSlowestSwitch = 20 * os::kMicrosecond;
  Nanos least_run_of(Nanos base) const {
    return std::max({100 * os::kMicrosecond, base / 8, 10 * switch_cost_.load(std::memory_order_relaxed)});
  }

  std::atomic<Nanos> base_;
  std::atomic<Nanos> switch_cost_ = 0;  // moving average
  Nanos factor_[kDepths];
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_LEVELS_H_
