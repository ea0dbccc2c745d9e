#include "fiber/fiber.h"

#include <new>

#include "asm/switch.h"

namespace preempt::fiber {

Fiber::Fiber(Stack stack, core::Worker* home) : stack_(stack), home_(home) {
  kind = detail::RunnableKind::kSuspendedFiber;
}

Fiber* Fiber::create(Stack stack, void (*entry)(void*), void* argument) noexcept {
  static_assert(alignof(Fiber) <= 64);
  const std::uintptr_t place = (reinterpret_cast<std::uintptr_t>(stack.high()) - sizeof(Fiber)) & ~std::uintptr_t{63};
  auto* fiber = new (reinterpret_cast<void*>(place)) Fiber(stack, nullptr);
  fiber->stack_pointer_ = assembly::prepare_stack(fiber, entry, argument);
  fiber->sanitizer_.create();
  return fiber;
}

void Fiber::switch_to(Fiber& target) noexcept {
  sanitizer_.before_switch(target.sanitizer_, target.stack_.low, target.stack_.size);
  exception_globals_.exchange_with_thread(target.exception_globals_);
  preempt_asm_switch(&stack_pointer_, target.stack_pointer_);
  sanitizer_.after_switch();
}

}  // namespace preempt::fiber
