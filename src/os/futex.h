// Waiting on a word, as futex(2). Async-signal-safe; keeps errno.
#ifndef PREEMPT_OS_FUTEX_H_
#define PREEMPT_OS_FUTEX_H_

#include <atomic>
#include <cstdint>

#include "os/clock.h"

namespace preempt::os {

using FutexWord = std::atomic<std::uint32_t>;
static_assert(sizeof(FutexWord) == 4 && FutexWord::is_always_lock_free, "the kernel compares the 32-bit word itself");

// Sleeps while *word == expected, until a wake, `deadline` or a signal: callers loop.
void futex_wait(FutexWord& word, std::uint32_t expected, Nanos deadline = kNever);

// Wakes at most `count` threads that wait on the word.
void futex_wake(FutexWord& word, int count);

}  // namespace preempt::os

#endif  // PREEMPT_OS_FUTEX_H_
