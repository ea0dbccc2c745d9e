#include "fiber/gate.h"

#include "asm/frame_layout.h"

// Initial-exec by compile option: a signal handler must not allocate a thread-local block. Assembly reads it too.
extern "C" {
__attribute__((visibility("hidden"))) thread_local preempt::fiber::Gate* preempt_gate_of_thread = nullptr;
}

namespace preempt::fiber {

static_assert(offsetof(Gate, pending) == PREEMPT_GATE_PENDING);
static_assert(offsetof(Gate, fiber_stack) + offsetof(Bounds, low) == PREEMPT_GATE_STACK_LOW);
static_assert(offsetof(Gate, fiber_stack) + offsetof(Bounds, high) == PREEMPT_GATE_STACK_HIGH);

__attribute__((noinline)) Gate* current_gate() noexcept {
  asm volatile("" ::: "memory");
  return preempt_gate_of_thread;
}

__attribute__((noinline)) void set_current_gate(Gate* gate) noexcept {
  preempt_gate_of_thread = gate;
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) std::atomic<std::uint64_t>* own_guard_word() noexcept {
  std::uintptr_t thread_control_block;  // its first word points to itself (psABI, variant II)
  asm volatile("movq %%fs:0, %0" : "=r"(thread_control_block));
  return reinterpret_cast<std::atomic<std::uint64_t>*>(thread_control_block + PREEMPT_GUARD_WORD);
}

}  // namespace preempt::fiber
