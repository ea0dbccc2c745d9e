// The handler of SIGSEGV: a stack that is full says so. Whatever it was, the former handler comes next.
#ifndef PREEMPT_SIGNAL_FAULT_H_
#define PREEMPT_SIGNAL_FAULT_H_

#include <signal.h>

namespace preempt::signal {

void handle_fault(int signal, siginfo_t* info, void* context);

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_FAULT_H_
