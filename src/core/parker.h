// Where one worker sleeps.
#ifndef PREEMPT_CORE_PARKER_H_
#define PREEMPT_CORE_PARKER_H_

#include "os/futex.h"

namespace preempt::core {

// A token that is given before or after the owner goes to sleep: unpark() before park() makes park() return at once.
// What the giver wrote before unpark() is visible after park(). An owner that waited long may close it instead, and go:
// who wants to give it something that must not be lost reserves it first. Async-signal-safe.
class Parker {
 public:
  // False: no token until `deadline`.
  bool park(os::Nanos deadline = os::kNever) {
    for (;;) {
      const std::uint32_t seen = token_.load(std::memory_order_relaxed);
      if (seen == kToken) {
        token_.exchange(kNone, std::memory_order_acquire);
        return true;
      }
      if (deadline != os::kNever && os::now() >= deadline) return false;
      os::futex_wait(token_, seen, deadline);
    }
  }
  void unpark() {
    if (token_.exchange(kToken, std::memory_order_release) != kToken) os::futex_wake(token_, 1);
  }

  // True: the owner stays until unpark().
  bool reserve() {
    std::uint32_t seen = kNone;
    return token_.compare_exchange_strong(seen, kReserved, std::memory_order_acq_rel) || seen != kClosed;
  }
  // The owner's. False: somebody has reserved it.
  bool close() {
    std::uint32_t seen = kNone;
    return token_.compare_exchange_strong(seen, kClosed, std::memory_order_acq_rel);
  }
  void open() { token_.store(kNone, std::memory_order_relaxed); }

 private:
  static constexpr std::uint32_t kNone = 0, kToken = 1, kReserved = 2, kClosed = 3;
  os::FutexWord token_ = kNone;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_PARKER_H_
