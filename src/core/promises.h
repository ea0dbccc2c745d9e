// What TaskOptions::migratable promises, as far as it can be seen. Costs nothing unless preempt::promise_checks is
// linked.
#ifndef PREEMPT_CORE_PROMISES_H_
#define PREEMPT_CORE_PROMISES_H_

namespace preempt::core {

class Worker;

bool promises_are_checked() noexcept;

// `worker` is about to leave its task, which may go on on another thread, or has ended. Ends the process, naming task
// and function, when the task holds a lock.
void expect_promise_kept(const Worker& worker) noexcept;

}  // namespace preempt::core

#endif  // PREEMPT_CORE_PROMISES_H_
