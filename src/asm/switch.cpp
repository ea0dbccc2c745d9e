#include "asm/switch.h"

namespace preempt::assembly {
namespace {

std::uint32_t mxcsr() noexcept {
  std::uint32_t value;
  asm volatile("stmxcsr %0" : "=m"(value));
  return value;
}

std::uint16_t x87_control_word() noexcept {
  std::uint16_t value;
  asm volatile("fnstcw %0" : "=m"(value));
  return value;
}

}  // namespace

void* prepare_stack(void* top, void (*entry)(void*), void* argument) noexcept {
  // preempt_asm_fiber_entry starts with an aligned stack, as _start does, so that its call aligns the callee.
  const std::uintptr_t aligned = reinterpret_cast<std::uintptr_t>(top) & ~std::uintptr_t{15};
  auto* frame = reinterpret_cast<SwitchFrame*>(aligned - sizeof(SwitchFrame));
  *frame = {};
  // The floating-point environment of the thread that makes the fiber, as std::thread would hand it on.
  frame->mxcsr = mxcsr();
  frame->x87_control_word = x87_control_word();
  frame->r12 = reinterpret_cast<std::uint64_t>(argument);
  frame->r13 = reinterpret_cast<std::uint64_t>(entry);
  frame->rip = reinterpret_cast<std::uint64_t>(&preempt_asm_fiber_entry);
  return frame;
}

}  // namespace preempt::assembly
