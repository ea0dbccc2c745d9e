// User shadow stacks (CET): a switch of stacks without switching the shadow stack is a fault.
#ifndef PREEMPT_OS_SHADOW_STACK_H_
#define PREEMPT_OS_SHADOW_STACK_H_

namespace preempt::os {

// For the calling thread, by arch_prctl(ARCH_SHSTK_STATUS), Linux 6.6.
bool shadow_stack_is_on() noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_SHADOW_STACK_H_
