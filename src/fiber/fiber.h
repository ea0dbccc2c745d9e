// A stack with what is needed to go on with it.
#ifndef PREEMPT_FIBER_FIBER_H_
#define PREEMPT_FIBER_FIBER_H_

#include <atomic>
#include <cstdint>

#include "fiber/exception_globals.h"
#include "fiber/gate.h"
#include "fiber/sanitizer.h"
#include "fiber/stack_pool.h"
#include "os/clock.h"
#include "preempt/detail/task.h"

namespace preempt::core {
class Worker;
}

namespace preempt::fiber {

// As a Runnable it is the task that runs on it: suspended (the stack alone waits) or stopped (its thread waits under
// it). Who owns the stack: the worker whose `current fiber` it is; from its publication in a run queue on, whoever
// takes it out; while idle, the fiber pool or, if it is a thread's own stack, that thread.
class Fiber : public detail::Runnable {
 public:
  // A stack from the pool; the Fiber itself lies at its high end. Calls entry(argument) at the first switch to it.
  static Fiber* create(Stack stack, void (*entry)(void*), void* argument) noexcept;

  // A thread's own stack: `home` is that thread's worker.
  Fiber(Stack stack, core::Worker* home);

  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // From this fiber, the running one, to `target`. Returns when somebody switches back, maybe on another thread.
  void switch_to(Fiber& target) noexcept;

  // First thing on a fiber that create() made.
  void arrived() noexcept { sanitizer_.after_switch(); }
  // First thing of a thread on its own stack.
  void adopt_thread() noexcept {
    sanitizer_.adopt_thread();
    ExceptionGlobals::adopt_thread();
  }

  // While nobody runs on it.
  void shrink_stack() const noexcept { shrink(stack_, stack_pointer_); }

  const Stack& stack() const { return stack_; }
  Bounds bounds() const {
    return {reinterpret_cast<std::uintptr_t>(stack_.low), reinterpret_cast<std::uintptr_t>(stack_.high())};
  }
  core::Worker* home() const { return home_; }

  // --- The task on it; the scheduler's.
  core::Worker* worker = nullptr;  // stopped: whose thread waits under it
  os::Nanos used = 0;              // of the slice of its level already spent
  os::Nanos waiting_since = 0;     // stopped or suspended
  bool in_turn = false;            // runs out of its order (core::Choice::is_turn)
  Fiber* next_waiting = nullptr;   // list of stopped or suspended fibers of a run queue
  Fiber* prev_waiting = nullptr;
  std::atomic<bool> idle = false;  // a thread's own stack: nobody is on it, its thread may come home
  static constexpr std::size_t kMostNameBytes = 64;
  char name[kMostNameBytes + 1] = {};

 private:
  Stack stack_;
  core::Worker* home_;
  void* stack_pointer_ = nullptr;
  ExceptionGlobals exception_globals_;
  SanitizerFiber sanitizer_;
};

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_FIBER_H_
