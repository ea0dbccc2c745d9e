// Fibers without a task, each suspended in the scheduler's loop and ready to go on with it on any worker.
#ifndef PREEMPT_CORE_FIBER_POOL_H_
#define PREEMPT_CORE_FIBER_POOL_H_

#include <mutex>
#include <utility>

#include "fiber/fiber.h"
#include "fiber/stack_pool.h"
#include "os/lock.h"

namespace preempt::core {

class FiberPool {
 public:
  explicit FiberPool(std::size_t stack_size) : stacks_(stack_size) {}

  fiber::StackPool& stacks() { return stacks_; }
  const fiber::StackPool& stacks() const { return stacks_; }

  // An idle fiber, the last one used first, else a new one that calls entry(argument). Null without memory.
  fiber::Fiber* take(void (*entry)(void*), void* argument) {
    {
      const std::lock_guard hold(lock_);
      if (fiber::Fiber* fiber = used_.empty() ? shrunk_.pop() : used_.pop()) return fiber;
    }
    const fiber::Stack stack = stacks_.take();
    return stack ? fiber::Fiber::create(stack, entry, argument) : nullptr;
  }

  void give_back(fiber::Fiber& fiber) {
    const std::lock_guard hold(lock_);
    used_.push(fiber);
  }

  // Fibers that were used since the last time give back what they need no more.
  void shrink_idle() {
    int left;
    {
      const std::lock_guard hold(lock_);
      left = used_.size();
    }
    // One by one: a taker that finds none makes a new one, which stays.
    while (left-- > 0 && shrink_one()) {
    }
  }

 private:
  class List {
   public:
    bool empty() const { return first_ == nullptr; }
    int size() const { return size_; }
    void push(fiber::Fiber& fiber) {
      fiber.next_waiting = first_;
      first_ = &fiber;
      ++size_;
    }
    fiber::Fiber* pop() {
      fiber::Fiber* fiber = first_;
      if (fiber == nullptr) return nullptr;
      first_ = std::exchange(fiber->next_waiting, nullptr);
      --size_;
      return fiber;
    }

   private:
    fiber::Fiber* first_ = nullptr;
    int size_ = 0;
  };

  bool shrink_one() {
    fiber::Fiber* fiber;
    {
      const std::lock_guard hold(lock_);
      fiber = used_.pop();
    }
    if (fiber == nullptr) return false;
    fiber->shrink_stack();
    const std::lock_guard hold(lock_);
    shrunk_.push(*fiber);
    return true;
  }

  fiber::StackPool stacks_;
  os::Lock lock_;
  List used_, shrunk_;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_FIBER_POOL_H_
