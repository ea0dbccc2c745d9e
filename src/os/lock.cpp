#include "os/lock.h"

#include "os/clock.h"

namespace preempt::os {
namespace {

constexpr int kSpins = 200;  // some microseconds: longer than any critical section
constexpr Nanos kNap = 50 * kMicrosecond;

}  // namespace

void Lock::lock_slow(std::atomic<bool>& held) {
  for (;;) {
    for (int i = 0; i < kSpins; ++i) {
      if (!held.load(std::memory_order_relaxed) && !held.exchange(true, std::memory_order_acquire)) return;
      __builtin_ia32_pause();
    }
    // A sleep and not sched_yield(2): a real-time waiter would never let an ordinary owner run.
    sleep_until(now() + kNap);
  }
}

}  // namespace preempt::os
