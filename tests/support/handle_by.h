// A handler that gets the interrupted context, as the library's does.
#ifndef PREEMPT_TESTS_SUPPORT_HANDLE_BY_H_
#define PREEMPT_TESTS_SUPPORT_HANDLE_BY_H_

#include <signal.h>

namespace preempt {

// Calls that it interrupts start again where the kernel does so.
inline void handle_by(void (*handler)(int, siginfo_t*, void*), int signal) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  sigaction(signal, &action, nullptr);
}

}  // namespace preempt

#endif  // PREEMPT_TESTS_SUPPORT_HANDLE_BY_H_
