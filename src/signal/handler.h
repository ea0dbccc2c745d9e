// The signal handler: one preemption, from the receiving side (README.md).
#ifndef PREEMPT_SIGNAL_HANDLER_H_
#define PREEMPT_SIGNAL_HANDLER_H_

#include <signal.h>

namespace preempt::signal {

void handle(int signal, siginfo_t* info, void* context);

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_HANDLER_H_
