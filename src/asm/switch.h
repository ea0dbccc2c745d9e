// Leaving one stack for another.
#ifndef PREEMPT_ASM_SWITCH_H_
#define PREEMPT_ASM_SWITCH_H_

#include "asm/frame_layout.h"

extern "C" {

// Saves the callee-saved registers, MXCSR and the x87 control word in a SwitchFrame on this stack, stores the frame's
// address in *saved and goes on with the frame at `target`. Returns when somebody switches back.
void preempt_asm_switch(void** saved, void* target);

// First return address of a new stack: calls r13 with rdi = r12, on a stack whose backtrace ends here.
void preempt_asm_fiber_entry();
}

namespace preempt::assembly {

// Lays a frame at the top of a fresh stack so that the first switch to it calls entry(argument). The entry must not
// return. Gives the saved stack pointer.
void* prepare_stack(void* top, void (*entry)(void*), void* argument) noexcept;

}  // namespace preempt::assembly

#endif  // PREEMPT_ASM_SWITCH_H_
