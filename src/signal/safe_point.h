// May the interrupted task be stopped here, and how?
#ifndef PREEMPT_SIGNAL_SAFE_POINT_H_
#define PREEMPT_SIGNAL_SAFE_POINT_H_

#include <ucontext.h>

#include "fiber/gate.h"
#include "preempt/stats.h"

namespace preempt::signal {

// The decision of step 4 in README.md. Reads only: `here` is the stack pointer of the handler itself.
// kFiberSwitch: push_call() may inject; kThreadSwitch: the thread may be parked; kWithoutProcessor: the thread must
// be; kCallRewound: rewind() may restart the call; everything else: return.
Verdict decide(const ucontext_t& interrupted, const fiber::Gate& gate, std::uintptr_t here) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_SAFE_POINT_H_
