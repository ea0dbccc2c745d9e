// Somebody who waits until somebody else wakes it: a task, or any other thread.
#ifndef PREEMPT_CORE_WAITER_H_
#define PREEMPT_CORE_WAITER_H_

#include <cstdint>

#include "fiber/fiber.h"
#include "os/clock.h"
#include "os/futex.h"

namespace preempt::core {

class Scheduler;

// On the stack of the one who waits. Either claim() or the deadline decides how the wait ends; a fiber is set aside
// before or after that (README.md, "Waiting").
struct Waiter {
  enum State : std::uint32_t {
    kAwake,             // on its way to sleep; a thread sleeps on this word
    kSuspended,         // its fiber is set aside
    kClaimed,           // kAwake, and will be woken
    kSuspendedClaimed,  // kSuspended, and will be woken
    kWoken,
    kTimedOut,
  };
  // The fiber is set aside, and from here on its waker's. False: it was woken on the way.
  bool settle() {
    std::uint32_t seen = kAwake;
    if (state.compare_exchange_strong(seen, kSuspended, std::memory_order_acq_rel)) return true;
    return seen == kClaimed && state.compare_exchange_strong(seen, kSuspendedClaimed, std::memory_order_acq_rel);
  }

  os::FutexWord state = kAwake;
  fiber::Fiber* fiber = nullptr;  // both before kSuspended
  Scheduler* scheduler = nullptr;

  // core::Timers.
  os::Nanos deadline = os::kNever;
  bool is_timed = false;
  Waiter* first_later = nullptr;
  Waiter* next_timer = nullptr;
  Waiter* prev_timer = nullptr;

  // detail::WaitList, and whoever claimed it.
  bool is_listed = false;
  Waiter* next = nullptr;
  Waiter* prev = nullptr;
};

// In user context, on any thread. Waits for a claim, or until `deadline`: a migratable task's fiber is set aside, every
// other one parks its thread and hands its processor on. True: claimed. Keeps errno.
bool wait(Waiter& waiter, os::Nanos deadline);

// False: its time is over. Otherwise it goes on waiting until deliver(), the claimer's last use of it.
bool claim(Waiter& waiter);
void deliver(Waiter& waiter);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_WAITER_H_
