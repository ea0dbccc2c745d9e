// For wrappers around calls that may sleep (src/hooks/), which run wherever the program calls libc.
#ifndef PREEMPT_DETAIL_MAY_BLOCK_H_
#define PREEMPT_DETAIL_MAY_BLOCK_H_

#include "preempt/detail/config.h"

namespace preempt::detail {

// True where a Blocking scope may begin and means something: on a worker, in a task. False off workers, in a scope
// already, in the scheduler (also for a signal handler that interrupted it, which must not enter it a second time) and
// on the stack on which workers take signals. Costs a call and one look at a thread-local off workers. Keeps errno;
// async-signal-safe; needs no executor and no constructor to have run.
PREEMPT_EXPORT bool may_block_here() noexcept;

}  // namespace preempt::detail

#endif  // PREEMPT_DETAIL_MAY_BLOCK_H_
