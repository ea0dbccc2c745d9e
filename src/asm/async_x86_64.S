// The injected call, x86-64 System V.
//
// The handler wrote the interrupted PC below the red zone and made this function the next instruction:
//
//      CFA -> | interrupted rsp
//      -128   | red zone of the interrupted function, live
//      -136   | interrupted rip
//      -144   | rflags
//      -152   | rbp                          <- rbp
//      -264   | rax rbx rcx rdx rsi rdi r8-r15
//             | XSAVE area, 64-byte aligned  <- rsp at the call
//
// .cfi_signal_frame: the return address is an instruction that has not been executed, not one behind a call.
#include "asm/frame_layout.h"
#include "asm/macros.h"

#define CFA_TO_RIP (PREEMPT_RED_ZONE + 8)

.macro injected_frame
        .cfi_signal_frame
        .cfi_def_cfa rsp, CFA_TO_RIP
        .cfi_offset rip, -CFA_TO_RIP
.endm

// The whole of it, in an injected frame, for a C++ side of one's choice.
.macro preempt_injected_call entry
        pushfq
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset 49, 0            // rflags has a number only
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rax
        pushq   %rbx
        pushq   %rcx
        pushq   %rdx
        pushq   %rsi
        pushq   %rdi
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .cfi_offset rax, -(CFA_TO_RIP + 3 * 8)
        .cfi_offset rbx, -(CFA_TO_RIP + 4 * 8)
        .cfi_offset rcx, -(CFA_TO_RIP + 5 * 8)
        .cfi_offset rdx, -(CFA_TO_RIP + 6 * 8)
        .cfi_offset rsi, -(CFA_TO_RIP + 7 * 8)
        .cfi_offset rdi, -(CFA_TO_RIP + 8 * 8)
        .cfi_offset r8, -(CFA_TO_RIP + 9 * 8)
        .cfi_offset r9, -(CFA_TO_RIP + 10 * 8)
        .cfi_offset r10, -(CFA_TO_RIP + 11 * 8)
        .cfi_offset r11, -(CFA_TO_RIP + 12 * 8)
        .cfi_offset r12, -(CFA_TO_RIP + 13 * 8)
        .cfi_offset r13, -(CFA_TO_RIP + 14 * 8)
        .cfi_offset r14, -(CFA_TO_RIP + 15 * 8)
        .cfi_offset r15, -(CFA_TO_RIP + 16 * 8)

        // C++ expects DF and AC clear; the task may have set either.
        pushfq
        andl    $~0x40400, (%rsp)
        popfq

        leaq    preempt_asm_vector_state(%rip), %rbx    // callee-saved: still there after the call
        preempt_save_vectors rbx
        // A default floating-point environment.
        fninit
        pushq   $0x1f80
        ldmxcsr (%rsp)
        popq    %rcx
        preempt_clean_upper_halves rbx
        leaq    -8 * PREEMPT_ASYNC_PUSHED(%rbp), %rdi
        movl    $PREEMPT_ASYNC_PUSHED + 1, %esi         // rbp itself stands above them
        callq   \entry

        preempt_restore_vectors rbx
        leaq    -8 * PREEMPT_ASYNC_PUSHED(%rbp), %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rdi
        popq    %rsi
        popq    %rdx
        popq    %rcx
        popq    %rbx
        popq    %rax
        .cfi_restore r15
        .cfi_restore r14
        .cfi_restore r13
        .cfi_restore r12
        .cfi_restore r11
        .cfi_restore r10
        .cfi_restore r9
        .cfi_restore r8
        .cfi_restore rdi
        .cfi_restore rsi
        .cfi_restore rdx
        .cfi_restore rcx
        .cfi_restore rbx
        .cfi_restore rax
        popq    %rbp
        .cfi_def_cfa rsp, CFA_TO_RIP + 8
        .cfi_restore rbp
        popfq
        .cfi_adjust_cfa_offset -8
        .cfi_restore 49
        ret     $PREEMPT_RED_ZONE
.endm


preempt_function preempt_asm_async, injected_frame
        preempt_injected_call preempt_async_entry
preempt_end preempt_asm_async

// A back-edge that found the guard word set, by way of preempt_loop_checkpoint (src/checkpoints): as if a signal had come
// behind its compare. On another stack than the fiber's the loop goes on.
preempt_public_function preempt_asm_loop, injected_frame
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        preempt_defer_off_fiber rax, .Lloop_goes_on
        popq    %rax
        .cfi_adjust_cfa_offset -8
        preempt_injected_call preempt_checkpoint_entry
.Lloop_goes_on:
        .cfi_def_cfa rsp, CFA_TO_RIP + 8
        popq    %rax
        .cfi_adjust_cfa_offset -8
        ret     $PREEMPT_RED_ZONE
preempt_end preempt_asm_loop

        // Bounds for the safe-point decision: nothing is injected into the trampoline.
        .globl  preempt_asm_async_end
        .hidden preempt_asm_async_end
preempt_asm_async_end:

preempt_file_end
