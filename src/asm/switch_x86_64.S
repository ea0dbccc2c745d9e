// Switch between stacks, x86-64 System V.
//
// Both stacks hold the same frame (frame_layout.h), so one set of CFI describes the code before and after the switch:
//
//      CFA -> | caller's frame
//        -8   | return address      PREEMPT_SWITCH_RIP
//       -16   | rbp
//       -24   | rbx
//       -32   | r12
//       -40   | r13
//       -48   | r14
//       -56   | r15
//       -64   | mxcsr, x87 cw       <- saved stack pointer
//
// The caller-saved registers are dead at the call; DF is clear at every call.
#include "asm/frame_layout.h"
#include "asm/macros.h"

preempt_function preempt_asm_switch
        preempt_push_kept
        subq    $PREEMPT_SWITCH_R15, %rsp
        .cfi_adjust_cfa_offset PREEMPT_SWITCH_R15
        stmxcsr PREEMPT_SWITCH_MXCSR(%rsp)
        fnstcw  PREEMPT_SWITCH_X87_CW(%rsp)

        movq    %rsp, (%rdi)
        movq    %rsi, %rsp              // from here on the other stack, with the same frame

        ldmxcsr PREEMPT_SWITCH_MXCSR(%rsp)
        fldcw   PREEMPT_SWITCH_X87_CW(%rsp)
        addq    $PREEMPT_SWITCH_R15, %rsp
        .cfi_adjust_cfa_offset -PREEMPT_SWITCH_R15
        preempt_pop_kept
        // A ret: every fiber but a fresh one was left by the same chain of calls, so the return predictor, which holds
        // this stack's, is right. A jump left one entry too many there, and each return up to the task went wrong.
        retq
preempt_end preempt_asm_switch

.macro outermost_frame
        .cfi_undefined rip              // unwinders stop
.endm

preempt_function preempt_asm_fiber_entry, outermost_frame
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%r13
        ud2                             // the entry does not return
preempt_end preempt_asm_fiber_entry

preempt_file_end
