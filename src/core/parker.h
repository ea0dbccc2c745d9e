// Where one worker sleeps.
#ifndef PREEMPT_CORE_PARKER_H_
#define PREEMPT_CORE_PARKER_H_

#include "os/futex.h"

namespace preempt::core {

// A token that is given before or after the owner goes to sleep: unpark() before park() makes park() return at once.
// What the giver wrote before unpark() is visible after park(). Async-signal-safe.
class Parker {
 public:
  void park() {
    while (token_.exchange(0, std::memory_order_acquire) == 0) os::futex_wait(token_, 0);
  }
  void unpark() {
    if (token_.exchange(1, std::memory_order_release) == 0) os::futex_wake(token_, 1);
  }

 private:
  os::FutexWord token_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_PARKER_H_
