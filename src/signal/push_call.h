// Making an interrupted task call a function (Go: sigctxt.pushCall, src/runtime/signal_amd64.go).
#ifndef PREEMPT_SIGNAL_PUSH_CALL_H_
#define PREEMPT_SIGNAL_PUSH_CALL_H_

#include <ucontext.h>

namespace preempt::signal {

// When the handler returns, the task goes on in preempt_asm_async, as if it had been called with a return address
// that lies below the red zone.
void push_call(ucontext_t& context) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_PUSH_CALL_H_
