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
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        pushq   %rbx
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbx, 0
        pushq   %r12
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r12, 0
        pushq   %r13
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r13, 0
        pushq   %r14
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r14, 0
        pushq   %r15
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset r15, 0
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
        popq    %r15
        .cfi_adjust_cfa_offset -8
        .cfi_restore r15
        popq    %r14
        .cfi_adjust_cfa_offset -8
        .cfi_restore r14
        popq    %r13
        .cfi_adjust_cfa_offset -8
        .cfi_restore r13
        popq    %r12
        .cfi_adjust_cfa_offset -8
        .cfi_restore r12
        popq    %rbx
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -8
        .cfi_restore rbp
        // A jump and not a ret: the return predictor holds the other stack's callers.
        popq    %rdx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rdx
        jmpq    *%rdx
preempt_end preempt_asm_switch

preempt_function preempt_asm_fiber_entry
        .cfi_undefined rip              // outermost frame: unwinders stop
        xorl    %ebp, %ebp
        movq    %r12, %rdi
        callq   *%r13
        ud2                             // the entry does not return
preempt_end preempt_asm_fiber_entry

preempt_file_end
