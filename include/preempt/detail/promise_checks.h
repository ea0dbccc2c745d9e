// For preempt::promise_checks, the library that watches over TaskOptions::migratable. Programs need none of it.
#ifndef PREEMPT_DETAIL_PROMISE_CHECKS_H_
#define PREEMPT_DETAIL_PROMISE_CHECKS_H_

#include "preempt/detail/config.h"

namespace preempt::detail {

// From now on, for executors that are made later. Not async-signal-safe.
PREEMPT_EXPORT void check_promises() noexcept;

// The calling thread took a lock, in code that `caller` is an address of, or gave it back. Off workers nothing.
// Async-signal-safe.
PREEMPT_EXPORT void note_lock(const void* mutex, const void* caller) noexcept;
PREEMPT_EXPORT void note_unlock(const void* mutex) noexcept;

}  // namespace preempt::detail

#endif  // PREEMPT_DETAIL_PROMISE_CHECKS_H_
