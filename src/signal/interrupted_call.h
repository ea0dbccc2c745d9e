// System calls that our signal cut short, and making it unseen.
#ifndef PREEMPT_SIGNAL_INTERRUPTED_CALL_H_
#define PREEMPT_SIGNAL_INTERRUPTED_CALL_H_

#include <ucontext.h>

namespace preempt::signal {

enum class InterruptedCall {
  kNone,         // the task was computing, or SA_RESTART takes care
  kRestartable,  // about to return EINTR; rewind() makes it start again
  kContinuable,  // the same, and the kernel knows how much of its time is left: continue_call() waits for that
  kUnreadable,   // about to return EINTR; which call it was cannot be read from the code, or it must not start again
};

// By the code before the PC: `syscall`, with -EINTR in rax, and the number from the `mov $imm32, %eax` before it, on
// signal(7)'s list of calls that are not restarted.
InterruptedCall interrupted_call(const ucontext_t& context) noexcept;

// Makes a kRestartable or kContinuable call start again when the handler returns, with the same arguments.
void rewind(ucontext_t& context) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_INTERRUPTED_CALL_H_
