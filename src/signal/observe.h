// The handler's side of observer.h.
#ifndef PREEMPT_SIGNAL_OBSERVE_H_
#define PREEMPT_SIGNAL_OBSERVE_H_

#include <ucontext.h>

#include "preempt/stats.h"

namespace preempt::signal {

void observe(const ucontext_t& interrupted, Verdict verdict) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_OBSERVE_H_
