// Addresses of a thread's own variables that a task takes along to another thread.
#ifndef PREEMPT_FIBER_STALE_ADDRESS_H_
#define PREEMPT_FIBER_STALE_ADDRESS_H_

#include <cstddef>
#include <cstdint>

#include "fiber/gate.h"

namespace preempt::fiber {

// From now on. The place of such an address takes one in a stretch that nobody may touch: whoever uses it ends there,
// with SIGSEGV, and who does not is not disturbed. One thread at a time. Without memory nothing is watched.
void watch_stale_addresses() noexcept;

// Async-signal-safe.
bool is_stale_address(std::uintptr_t address) noexcept;

// What the registers of a task hold, as a trampoline saved them.
struct SavedRegisters {
  std::uint64_t* first = nullptr;
  std::size_t count = 0;
};

// The thread that a task is on, to be asked after the scheduler whether it still is.
class FormerThread {
 public:
  explicit FormerThread(const Gate& gate) noexcept : variables_(gate.thread_variables), thread_(own_guard_word()) {}

  // Where the task is on another one now, its registers hold no address of the former one's variables.
  void spoil_addresses(SavedRegisters registers) const noexcept;

 private:
  const Bounds variables_;
  const void* const thread_;
};

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_STALE_ADDRESS_H_
