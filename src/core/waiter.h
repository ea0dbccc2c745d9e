// Somebody who waits until somebody else wakes it: a task, or any other thread.
#ifndef PREEMPT_CORE_WAITER_H_
#define PREEMPT_CORE_WAITER_H_

#include <cstdint>

#include "fiber/fiber.h"
#include "os/clock.h"
#include "os/futex.h"

namespace preempt::core {

class Scheduler;

// On the stack of the one who waits. From kAwake exactly one of claim() and the deadline takes it to its end; on the way
// a fiber that was set aside passes through kSuspended (README.md, "Waiting").
struct Waiter {
  enum State : std::uint32_t {
    kAwake,      // on its way to sleep; a thread sleeps on this word
    kSuspended,  // its fiber is set aside, and belongs to who changes the state
    kWoken,
    kTimedOut,
  };
  os::FutexWord state = kAwake;
  fiber::Fiber* fiber = nullptr;   // both before kSuspended
  Scheduler* scheduler = nullptr;

  // core::Timers.
  os::Nanos deadline = os::kNever;
  bool is_timed = false;
  Waiter* first_later = nullptr;
  Waiter* next_timer = nullptr;
  Waiter* prev_timer = nullptr;

  // detail::WaitList.
  bool is_listed = false;
  std::uint64_t ticket = 0;
  Waiter* next = nullptr;
  Waiter* prev = nullptr;
};

// A waiter that was claimed and is still to be set going; the Waiter itself may be gone already.
struct Wakeup {
  os::FutexWord* word = nullptr;   // its thread sleeps here, or did
  fiber::Fiber* fiber = nullptr;
  Scheduler* scheduler = nullptr;
  explicit operator bool() const { return word != nullptr; }
};

// In user context, on any thread. Waits for a claim, or until `deadline`: a migratable task's fiber is set aside, every
// other one parks its thread and hands its processor on. True: claimed. Keeps errno.
bool wait(Waiter& waiter, os::Nanos deadline);

// From a successful claim on, wait() returns true, and soon after deliver(). Nothing: its time was over before.
Wakeup claim(Waiter& waiter);
void deliver(const Wakeup& wakeup);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_WAITER_H_
