// The process's disposition of a signal: ours while an executor uses it, the former one's the rest of the time.
#ifndef PREEMPT_SIGNAL_DISPOSITION_H_
#define PREEMPT_SIGNAL_DISPOSITION_H_

#include <signal.h>

namespace preempt::signal {

using Handler = void (*)(int, siginfo_t*, void*);

// Counted for each signal: the first acquire() puts `handler` in place and keeps what was there, the last release()
// puts that back, unless somebody else's handler lies over ours: then ours stays and forwards. Not
// async-signal-safe.
void acquire(int signal, Handler handler);
void release(int signal);

// Around a fork(2): the child must be able to acquire() whatever another thread was doing.
void lock_dispositions();
void unlock_dispositions();

// False when a handler lies over ours. Async-signal-safe.
bool is_ours(int signal) noexcept;

// Gives a signal that was not for us alone to the former handler, as the kernel would have: its flags (SA_SIGINFO,
// SA_RESETHAND, SA_NODEFER), its mask, SIG_IGN and the default action. Called last in the handler, since a former one
// may leave by siglongjmp(3), and a default action that ends the process happens at our return. The former handler runs
// on the stack that we run on, and interrupted calls restart: SA_ONSTACK and SA_RESTART cannot be had apart.
void forward(int signal, siginfo_t* info, void* context) noexcept;

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_DISPOSITION_H_
