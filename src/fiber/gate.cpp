#include "fiber/gate.h"

namespace preempt::fiber {
namespace {

// Initial-exec by compile option: a signal handler must not allocate a thread-local block.
thread_local Gate* gate_of_thread = nullptr;

constexpr std::uintptr_t kPrivateSs = 0x70;

}  // namespace

__attribute__((noinline)) Gate* current_gate() noexcept {
  asm volatile("" ::: "memory");
  return gate_of_thread;
}

__attribute__((noinline)) void set_current_gate(Gate* gate) noexcept {
  gate_of_thread = gate;
  asm volatile("" ::: "memory");
}

__attribute__((noinline)) std::atomic<std::uint64_t>* own_guard_word() noexcept {
  std::uintptr_t thread_control_block;  // its first word points to itself (psABI, variant II)
  asm volatile("movq %%fs:0, %0" : "=r"(thread_control_block));
  return reinterpret_cast<std::atomic<std::uint64_t>*>(thread_control_block + kPrivateSs);
}

}  // namespace preempt::fiber
