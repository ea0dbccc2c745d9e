// Waiting, in the handler, for the rest of a call that our signal cut short.
#ifndef PREEMPT_SIGNAL_CONTINUED_CALL_H_
#define PREEMPT_SIGNAL_CONTINUED_CALL_H_

#include <ucontext.h>

#include "fiber/gate.h"

namespace preempt::signal {

// For a kContinuable call: waits until the moment at which it would have ended, with `signal`, the one that is being
// handled, open again, and makes the call return what came of it. EINTR if another handler ran meanwhile, as it would
// have been without our signal. False, and nothing is changed, when the kernel has forgotten the call, because a second
// signal of ours came in between, or forbids restart_syscall(2).
bool continue_call(ucontext_t& context, const fiber::Gate& gate, int signal) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_CONTINUED_CALL_H_
