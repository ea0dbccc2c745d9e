// What every assembly function and file needs, said once.
#ifndef PREEMPT_ASM_MACROS_H_
#define PREEMPT_ASM_MACROS_H_

// clang-format off

// Hidden, so that calls need no PLT; endbr64, so that an indirect call passes with -fcf-protection. `cfi`: a macro with
// what holds at the first instruction already, where the frame is not a called function's.
.macro preempt_function name, cfi
        .hidden \name
        preempt_public_function \name, \cfi
.endm

// For code outside the library.
.macro preempt_public_function name, cfi
        .text
        .globl  \name
        .type   \name, @function
        .p2align 4
\name:
        .cfi_startproc
        \cfi
        endbr64
.endm

.macro preempt_end name
        .cfi_endproc
        .size   \name, . - \name
.endm

// A register of the caller's, where rsp says where the frame is.
.macro preempt_push reg
        pushq   %\reg
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset \reg, 0
.endm

.macro preempt_pop reg
        popq    %\reg
        .cfi_adjust_cfa_offset -8
        .cfi_restore \reg
.endm

// What a called function keeps, and back.
.macro preempt_push_kept
        preempt_push rbp
        preempt_push rbx
        preempt_push r12
        preempt_push r13
        preempt_push r14
        preempt_push r15
.endm

.macro preempt_pop_kept
        preempt_pop r15
        preempt_pop r14
        preempt_pop r13
        preempt_pop r12
        preempt_pop rbx
        preempt_pop rbp
.endm

// edx:eax, of the components that PREEMPT_VECTOR_MASK_* names, or of `only` these.
.macro preempt_vector_mask state, only
        movl    PREEMPT_VECTOR_MASK_LOW(%\state), %eax
.ifb \only
        movl    PREEMPT_VECTOR_MASK_HIGH(%\state), %edx
.else
        andl    $\only, %eax
        xorl    %edx, %edx
.endif
.endm

// Saves the vector registers in an area below rsp, where rsp then is. `state` holds the address of
// preempt_asm_vector_state. Uses rax, rcx, rdx, rsi and rdi.
.macro preempt_save_vectors state, only
        movq    %rsp, %rcx
        subq    PREEMPT_VECTOR_SIZE(%\state), %rcx
        andq    $-64, %rcx
        movq    %rcx, %rsp
        movl    PREEMPT_VECTOR_METHOD(%\state), %esi
        testl   %esi, %esi
        je      .Lfxsave\@
        // XRSTOR faults on a header with stray bits, and XSAVE leaves part of it as it was.
        xorl    %eax, %eax
        leaq    PREEMPT_XSAVE_LEGACY(%rsp), %rdi
        movl    $PREEMPT_XSAVE_HEADER_WORDS, %ecx
        rep stosq
        preempt_vector_mask \state, \only
        cmpl    $PREEMPT_VECTOR_XSAVEC, %esi
        jne     .Lxsave\@
        xsavec64 (%rsp)
        jmp     .Lsaved\@
.Lxsave\@:
        xsave64 (%rsp)
        jmp     .Lsaved\@
.Lfxsave\@:
        fxsave64 (%rsp)
.Lsaved\@:
.endm

// From the area at rsp. Uses rax and rdx.
.macro preempt_restore_vectors state, only
        cmpl    $PREEMPT_VECTOR_FXSAVE, PREEMPT_VECTOR_METHOD(%\state)
        je      .Lfxrstor\@
        preempt_vector_mask \state, \only
        xrstor64 (%rsp)
        jmp     .Lrestored\@
.Lfxrstor\@:
        fxrstor64 (%rsp)
.Lrestored\@:
.endm

// No upper halves that would slow SSE code down.
.macro preempt_clean_upper_halves state
        cmpl    $0, PREEMPT_VECTOR_HAS_AVX(%\state)
        je      .Lclean\@
        vzeroupper
.Lclean\@:
.endm

// Where code that the compiler put into a function asks to be preempted on another stack than the fiber's (an alternate
// one, a coroutine's), near its end, or off workers: the request is put off, and the jump is taken. Uses `reg` and the
// flags.
.macro preempt_defer_off_fiber reg, off_fiber
        movq    preempt_gate_of_thread@gottpoff(%rip), %\reg
        movq    %fs:(%\reg), %\reg
        testq   %\reg, %\reg
        je      .Lclear\@
        subq    $PREEMPT_ROOM_FOR_CHECKPOINT, %rsp
        .cfi_adjust_cfa_offset PREEMPT_ROOM_FOR_CHECKPOINT
        cmpq    PREEMPT_GATE_STACK_LOW(%\reg), %rsp
        leaq    PREEMPT_ROOM_FOR_CHECKPOINT(%rsp), %rsp   // keeps the flags
        .cfi_adjust_cfa_offset -PREEMPT_ROOM_FOR_CHECKPOINT
        jb      .Ldefer\@
        cmpq    PREEMPT_GATE_STACK_HIGH(%\reg), %rsp
        jb      .Lon_fiber\@
.Ldefer\@:
        movb    $1, PREEMPT_GATE_PENDING(%\reg)
.Lclear\@:
        movq    $0, %fs:PREEMPT_GUARD_WORD
        jmp     \off_fiber
.Lon_fiber\@:
.endm

// The stack need not be executable.
.macro preempt_file_end
        .section .note.GNU-stack, "", @progbits
.endm

// clang-format on

#endif  // PREEMPT_ASM_MACROS_H_
