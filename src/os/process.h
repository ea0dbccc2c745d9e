// The process as a whole.
#ifndef PREEMPT_OS_PROCESS_H_
#define PREEMPT_OS_PROCESS_H_

namespace preempt::os {

// _exit(2) with success: no handlers, no destructors.
[[noreturn]] void end_process() noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_PROCESS_H_
