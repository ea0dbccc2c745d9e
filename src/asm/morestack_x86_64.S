// The slow path of a function prologue that -fsplit-stack made, x86-64 System V (Go: morestack, src/runtime/asm_amd64.s).
//
// GCC and Clang begin a function with
//
//      cmp  %fs:0x70, %rsp ; jae body
//      mov  $frame, %r10 ; mov $parameters, %r11 ; call __morestack
//      ret
//      body (or: lea 24(%rbp), %r11 ; jmp into the body, where the function is variadic)
//
// libgcc's __morestack would call the body on another stack and come back to that ret. Ours yields, on this one, and goes
// on behind the ret:
//
//      CFA -> | return address of the function   8(%rsp) at entry
//        -8   | address of that ret              0(%rsp)
//       -16   | rbp                              <- rbp
//             | rax rdi rsi rdx rcx r8 r9 r10 rbx r12-r15
//             | XSAVE area, 64-byte aligned      <- rsp at the call
//
// rax holds the number of vector arguments, or the static chain, which both compilers move there from r10 and back.
#include "asm/frame_layout.h"
#include "asm/macros.h"

#define ENDBR64 0xfa1e0ff3
#define LEA_24_RBP_R11 0x185d8d4c
#define MOV_RAX_R10_LOW 0x8949
#define MOV_RAX_R10_HIGH 0xc2

preempt_public_function preempt_asm_morestack
        preempt_defer_off_fiber r11, .Lenter_function
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_rel_offset rbp, 0
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rax
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %rbx
        .cfi_offset rbx, -(16 + 10 * 8)
        pushq   %r12
        .cfi_offset r12, -(16 + 11 * 8)
        pushq   %r13
        .cfi_offset r13, -(16 + 12 * 8)
        pushq   %r14
        .cfi_offset r14, -(16 + 13 * 8)
        pushq   %r15
        .cfi_offset r15, -(16 + 14 * 8)

        leaq    preempt_asm_vector_state(%rip), %r11
        preempt_save_vectors r11, PREEMPT_XSAVE_ARGUMENTS
        preempt_clean_upper_halves r11
        leaq    -8 * PREEMPT_MORESTACK_PUSHED(%rbp), %rdi
        movl    $PREEMPT_MORESTACK_PUSHED + 1, %esi     // rbp itself stands above them
        callq   preempt_checkpoint_entry

        leaq    preempt_asm_vector_state(%rip), %r11
        preempt_restore_vectors r11, PREEMPT_XSAVE_ARGUMENTS
        leaq    -8 * PREEMPT_MORESTACK_PUSHED(%rbp), %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        .cfi_restore r15
        .cfi_restore r14
        .cfi_restore r13
        .cfi_restore r12
        .cfi_restore rbx
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rax
        popq    %rbp
        .cfi_def_cfa rsp, 16
        .cfi_restore rbp

.Lenter_function:
        .cfi_def_cfa rsp, 16
        movq    (%rsp), %r11
        incq    %r11                    // behind the ret
        cmpl    $ENDBR64, (%r11)
        jne     .Lno_landing_pad
        addq    $4, %r11
.Lno_landing_pad:
        // A nested function takes its static chain back first.
        cmpw    $MOV_RAX_R10_LOW, (%r11)
        jne     .Lno_static_chain
        cmpb    $MOV_RAX_R10_HIGH, 2(%r11)
        jne     .Lno_static_chain
        movq    %rax, %r10
        addq    $3, %r11
.Lno_static_chain:
        cmpl    $LEA_24_RBP_R11, (%r11)
        jne     .Lnot_variadic
        // It wants the arguments on the stack, and has no frame of __morestack's to count from.
        addq    $4, %r11
        movq    %r11, (%rsp)
        leaq    16(%rsp), %r11
        jmp     .Lgo
.Lnot_variadic:
        movq    %r11, (%rsp)
.Lgo:
        // Where the thread has a shadow stack, a return must match the call: its entry is dropped, and a jump taken.
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        xorl    %eax, %eax
        rdsspq  %rax
        testq   %rax, %rax
        jne     .Lshadow_stack
        popq    %rax
        .cfi_adjust_cfa_offset -8
        ret
.Lshadow_stack:
        .cfi_adjust_cfa_offset 8
        movl    $1, %eax
        incsspq %rax
        popq    %rax
        .cfi_adjust_cfa_offset -8
        leaq    8(%rsp), %rsp
        .cfi_adjust_cfa_offset -8
        notrack jmpq *-8(%rsp)
preempt_end preempt_asm_morestack

// The slow path of alloca() and variable-length arrays: rdi bytes of stack. They are taken from the caller's frame, as
// in the fast path, and freed with it, since who allocates so addresses its frame by rbp. For callers that pass
// arguments by push (-mno-accumulate-outgoing-args), so that nothing else is at their stack pointer.
preempt_public_function preempt_asm_allocate_on_stack
        popq    %rdx
        .cfi_adjust_cfa_offset -8
        .cfi_register rip, rdx
        xorl    %eax, %eax              // with a shadow stack its entry goes too, as in preempt_asm_morestack
        rdsspq  %rax
        testq   %rax, %rax
        je      .Lallocate
        movl    $1, %eax
        incsspq %rax
.Lallocate:
        addq    $15, %rdi
        andq    $-16, %rdi
        subq    %rdi, %rsp
        movq    %rsp, %rax
        notrack jmpq *%rdx
preempt_end preempt_asm_allocate_on_stack

// preempt::detail::checkpoint_slow_path(), an ordinary call: what a function keeps is saved where it can be looked at.
preempt_public_function _ZN7preempt6detail20checkpoint_slow_pathEv
        preempt_push_kept
        movq    %rsp, %rdi
        movl    $6, %esi
        subq    $8, %rsp                // 16-byte alignment at the call
        .cfi_adjust_cfa_offset 8
        callq   preempt_checkpoint_entry
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        preempt_pop_kept
        ret
preempt_end _ZN7preempt6detail20checkpoint_slow_pathEv

preempt_file_end
