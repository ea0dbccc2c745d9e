// A sleeper's alarm, which any thread may put forward or back without waking the sleeper.
#ifndef PREEMPT_OS_ALARM_H_
#define PREEMPT_OS_ALARM_H_

#include <atomic>

#include "os/clock.h"

namespace preempt::os {

// One thread sleeps; to wake it only to tell it of another time costs two context switches, to set a timerfd_create(2)
// timer a system call. Not prompter than the kernel's timers; has no slack of its own.
//
// The word says for when the alarm is set. Who changes it sets the timer afterwards, and again until the word is what
// it set: so the last one to set the timer set it to the word. Async-signal-safe; errno stays.
class Alarm {
 public:
  static constexpr Nanos kAwake = 0;
  static constexpr Nanos kAtOnce = 1;

  Alarm() = default;
  ~Alarm() { close(); }
  Alarm(const Alarm&) = delete;
  Alarm& operator=(const Alarm&) = delete;

  // False: no descriptor can be had. set_for() tries again, and wait() lasts a millisecond meanwhile.
  bool open() noexcept;

  // --- The sleeper: set_for(), a look at what came meanwhile, wait(). May return early.
  void set_for(Nanos when) noexcept;
  void wait() noexcept;
  void stay_awake() noexcept { at_.store(kAwake, std::memory_order_seq_cst); }

  // --- Any thread. Nothing happens while the sleeper is awake.
  void bring_forward(Nanos when) noexcept;  // unless it is set for earlier
  bool postpone(Nanos from, Nanos to) noexcept;
  Nanos at() const noexcept { return at_.load(std::memory_order_seq_cst); }

 private:
  bool arm() noexcept;  // false: the descriptor is not ours
  void close() noexcept;

  std::atomic<Nanos> at_ = kAwake;
  std::atomic<Nanos> armed_for_ = kAwake;  // by who has seen the word unchanged after it
  std::atomic<int> timer_ = -1;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_ALARM_H_
