// The stack on which a worker takes signals.
#ifndef PREEMPT_OS_ALTERNATE_STACK_H_
#define PREEMPT_OS_ALTERNATE_STACK_H_

#include <cstddef>
#include <cstdint>

namespace preempt::os {

// Its own mapping with a guard page. 64 KiB and two signal frames: a profiler's or crash handler may nest on a thread
// that is parked in ours (4 KiB of room segfaulted).
class AlternateStack {
 public:
  AlternateStack() = default;
  ~AlternateStack();
  AlternateStack(const AlternateStack&) = delete;
  AlternateStack& operator=(const AlternateStack&) = delete;

  bool map() noexcept;            // false: out of memory
  void install() const noexcept;  // for the calling thread
  void uninstall() const noexcept;

  std::uintptr_t low() const { return reinterpret_cast<std::uintptr_t>(address_); }
  std::uintptr_t high() const { return low() + size_; }

 private:
  char* address_ = nullptr;  // guard page first
  std::size_t size_ = 0;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_ALTERNATE_STACK_H_
