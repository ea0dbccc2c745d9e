// Lets a test see where a task was preempted.
#ifndef PREEMPT_SIGNAL_OBSERVER_H_
#define PREEMPT_SIGNAL_OBSERVER_H_

#include <ucontext.h>

#include "preempt/stats.h"

namespace preempt::signal {

// Called in the signal handler, so async-signal-safe, after the decision and before it is carried out.
using Observer = void (*)(const ucontext_t& interrupted, Verdict verdict);

// Null: nobody looks. One for the process.
void set_observer(Observer observer) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_OBSERVER_H_
