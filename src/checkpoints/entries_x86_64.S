// What code compiled with checkpoints calls. In an archive, and hidden, so that each executable and shared object has its
// own: a call from a prologue must not go by way of the lazy binder, which keeps fewer registers.
#include "asm/macros.h"

.macro preempt_forward from, to
preempt_function \from
        jmpq    *\to@GOTPCREL(%rip)
preempt_end \from
.endm

preempt_forward preempt_checkpoints_are_linked_by_preempt_add_checkpoints, preempt_asm_morestack
preempt_forward preempt_allocate_stack_space, preempt_asm_allocate_on_stack

// What unwinders see: the loop's frame, at the place where it goes on. The return address lies 136 bytes below the CFA and
// points to the distance from itself to there.
.macro loop_frame
        .cfi_signal_frame
        .cfi_def_cfa rsp, 136
        // DW_CFA_val_expression, of rip, in 14 bytes, with the CFA on the stack: const1u 136; minus; deref; dup;
        // deref_size 4, sign-extended by shl 32 and shra 32; plus
        .cfi_escape 0x16, 16, 14, 0x08, 136, 0x1c, 0x06, 0x12, 0x94, 4, 0x08, 32, 0x24, 0x08, 32, 0x26, 0x22
.endm

// From a back-edge, the red zone skipped: the return address points to the distance from there to where the loop goes on.
// That takes its place, and the rest is as after a signal. Where the thread has a shadow stack, a return to another place
// is a fault: the request waits for the next prologue, and the loop goes on by a jump.
preempt_function preempt_loop_checkpoint, loop_frame
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        xorl    %eax, %eax
        rdsspq  %rax
        testq   %rax, %rax
        jne     .Lshadow_stack
        pushq   %rdx
        .cfi_adjust_cfa_offset 8
        movq    16(%rsp), %rax
        movslq  (%rax), %rdx
        addq    %rdx, %rax
        movq    %rax, 16(%rsp)
        .cfi_offset rip, -136
        popq    %rdx
        .cfi_adjust_cfa_offset -8
        popq    %rax
        .cfi_adjust_cfa_offset -8
        jmpq    *preempt_asm_loop@GOTPCREL(%rip)
.Lshadow_stack:
        .cfi_adjust_cfa_offset 8
        movq    $0, %fs:0x70
        movl    $1, %eax
        incsspq %rax
        popq    %rax
        .cfi_adjust_cfa_offset -8
        addq    $4, (%rsp)              // behind the distance
        leaq    8(%rsp), %rsp
        .cfi_adjust_cfa_offset -8
        notrack jmpq *-8(%rsp)
preempt_end preempt_loop_checkpoint

preempt_file_end
