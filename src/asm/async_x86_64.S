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

preempt_function preempt_asm_async
        .cfi_signal_frame
        .cfi_def_cfa rsp, CFA_TO_RIP
        .cfi_offset rip, -CFA_TO_RIP
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
        movq    %rsp, %rcx
        subq    PREEMPT_VECTOR_SIZE(%rbx), %rcx
        andq    $-64, %rcx
        movq    %rcx, %rsp
        movl    PREEMPT_VECTOR_METHOD(%rbx), %esi
        testl   %esi, %esi
        je      .Lfxsave
        // XRSTOR faults on a header with stray bits, and XSAVE leaves part of it as it was.
        xorl    %eax, %eax
        leaq    PREEMPT_XSAVE_LEGACY(%rsp), %rdi
        movl    $PREEMPT_XSAVE_HEADER_WORDS, %ecx
        rep stosq
        movl    PREEMPT_VECTOR_MASK_LOW(%rbx), %eax
        movl    PREEMPT_VECTOR_MASK_HIGH(%rbx), %edx
        cmpl    $PREEMPT_VECTOR_XSAVEC, %esi
        jne     .Lxsave
        xsavec64 (%rsp)
        jmp     .Lsaved
.Lxsave:
        xsave64 (%rsp)
        jmp     .Lsaved
.Lfxsave:
        fxsave64 (%rsp)
.Lsaved:
        // A default floating-point environment, and no upper halves that would slow SSE code down.
        fninit
        pushq   $0x1f80
        ldmxcsr (%rsp)
        popq    %rcx
        cmpl    $0, PREEMPT_VECTOR_HAS_AVX(%rbx)
        je      .Lcall
        vzeroupper
.Lcall:
        callq   preempt_async_entry

        cmpl    $PREEMPT_VECTOR_FXSAVE, PREEMPT_VECTOR_METHOD(%rbx)
        je      .Lfxrstor
        movl    PREEMPT_VECTOR_MASK_LOW(%rbx), %eax
        movl    PREEMPT_VECTOR_MASK_HIGH(%rbx), %edx
        xrstor64 (%rsp)
        jmp     .Lrestored
.Lfxrstor:
        fxrstor64 (%rsp)
.Lrestored:
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
preempt_end preempt_asm_async

        // Bounds for the safe-point decision: nothing is injected into the trampoline.
        .globl  preempt_asm_async_end
        .hidden preempt_asm_async_end
preempt_asm_async_end:

preempt_file_end
