// What kind of code an address is in. Reading is async-signal-safe.
#ifndef PREEMPT_SIGNAL_CODE_RANGES_H_
#define PREEMPT_SIGNAL_CODE_RANGES_H_

#include <cstdint>

namespace preempt::signal {

// In a function marked PREEMPT_SIGNAL_SAFE of any loaded object.
bool is_signal_safe(std::uintptr_t pc) noexcept;

// In libc, the loader or the allocator: a task stopped there is likely to hold a lock that others need.
bool is_hot(std::uintptr_t pc) noexcept;

// Finds the text of libc, the loader and whatever provides malloc. Once for the process; takes the loader's lock.
void find_hot_code() noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_CODE_RANGES_H_
