// What every assembly function and file needs, said once.
#ifndef PREEMPT_ASM_MACROS_H_
#define PREEMPT_ASM_MACROS_H_

// clang-format off

// Hidden, so that calls need no PLT; endbr64, so that an indirect call passes with -fcf-protection.
.macro preempt_function name
        .text
        .globl  \name
        .hidden \name
        .type   \name, @function
        .p2align 4
\name:
        .cfi_startproc
        endbr64
.endm

.macro preempt_end name
        .cfi_endproc
        .size   \name, . - \name
.endm

// The stack need not be executable.
.macro preempt_file_end
        .section .note.GNU-stack, "", @progbits
.endm

// clang-format on

#endif  // PREEMPT_ASM_MACROS_H_
