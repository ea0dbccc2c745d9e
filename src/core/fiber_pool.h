// Fibers without a task, each suspended in the scheduler's loop and ready to go on with it on any worker.
#ifndef PREEMPT_CORE_FIBER_POOL_H_
#define PREEMPT_CORE_FIBER_POOL_H_

#include <mutex>

#include "fiber/fiber.h"
#include "fiber/stack_pool.h"
#include "os/lock.h"

namespace preempt::core {

class FiberPool {
 public:
  explicit FiberPool(std::size_t stack_size) : stacks_(stack_size) {}

  fiber::StackPool& stacks() { return stacks_; }

  // An idle fiber, else a new one that calls entry(argument). Null without memory.
  fiber::Fiber* take(void (*entry)(void*), void* argument) {
    {
      const std::lock_guard hold(lock_);
      if (fiber::Fiber* fiber = idle_) {
        idle_ = fiber->next_waiting;
        fiber->next_waiting = nullptr;
        return fiber;
      }
    }
    const fiber::Stack stack = stacks_.take();
    return stack ? fiber::Fiber::create(stack, entry, argument) : nullptr;
  }

  void give_back(fiber::Fiber& fiber) {
    const std::lock_guard hold(lock_);
    fiber.next_waiting = idle_;
    idle_ = &fiber;
  }

 private:
  fiber::StackPool stacks_;
  os::Lock lock_;
  fiber::Fiber* idle_ = nullptr;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_FIBER_POOL_H_
