// membarrier(2): a full fence on every running thread of the process, paid by the caller alone.
#ifndef PREEMPT_OS_MEMBARRIER_H_
#define PREEMPT_OS_MEMBARRIER_H_

namespace preempt::os {

// Once for the process; false when the kernel or a seccomp filter refuses.
bool register_membarrier() noexcept;

// After it, every thread of the process has passed a full fence. False: it has not. Needs the registration.
bool membarrier() noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_MEMBARRIER_H_
