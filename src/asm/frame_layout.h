// Every offset that assembly and C++ share. Included by .S files: macros only outside __ASSEMBLER__ guards.
#ifndef PREEMPT_ASM_FRAME_LAYOUT_H_
#define PREEMPT_ASM_FRAME_LAYOUT_H_

// The psABI lets a leaf function keep data below its stack pointer.
#define PREEMPT_RED_ZONE 128

// What preempt_asm_switch leaves on a stack that it switches away from, from the saved stack pointer upwards.
#define PREEMPT_SWITCH_MXCSR 0
#define PREEMPT_SWITCH_X87_CW 4
#define PREEMPT_SWITCH_R15 8
#define PREEMPT_SWITCH_R14 16
#define PREEMPT_SWITCH_R13 24
#define PREEMPT_SWITCH_R12 32
#define PREEMPT_SWITCH_RBX 40
#define PREEMPT_SWITCH_RBP 48
#define PREEMPT_SWITCH_RIP 56
#define PREEMPT_SWITCH_FRAME 64

// preempt_asm_vector_state: how the trampoline saves x87, vector and mask registers.
#define PREEMPT_VECTOR_METHOD 0     // one of PREEMPT_VECTOR_*SAVE*
#define PREEMPT_VECTOR_HAS_AVX 4    // vzeroupper exists
#define PREEMPT_VECTOR_MASK_LOW 8   // requested-feature bitmap, edx:eax of the instruction
#define PREEMPT_VECTOR_MASK_HIGH 12
#define PREEMPT_VECTOR_SIZE 16      // bytes of the area

#define PREEMPT_VECTOR_FXSAVE 0
#define PREEMPT_VECTOR_XSAVE 1
#define PREEMPT_VECTOR_XSAVEC 2

// Integer registers that the trampoline pushes below the saved rbp.
#define PREEMPT_ASYNC_PUSHED 14
// An XSAVE area is a legacy part, then a header that XRSTOR checks.
#define PREEMPT_XSAVE_LEGACY 512
#define PREEMPT_XSAVE_HEADER_WORDS 8

// Components of the vector state that may hold arguments: SSE, AVX, the upper halves of zmm0-15.
#define PREEMPT_XSAVE_ARGUMENTS 0x46
// What preempt_asm_morestack pushes below the saved rbp: rax, the six argument registers, r10, and those that a function
// keeps.
#define PREEMPT_MORESTACK_PUSHED 13

// fiber::Gate, asserted in fiber/gate.cpp.
#define PREEMPT_GATE_STACK_LOW 40
#define PREEMPT_GATE_STACK_HIGH 48
#define PREEMPT_GATE_PENDING 1
// tcbhead_t.__private_ss of glibc, from %fs.
#define PREEMPT_GUARD_WORD 0x70
// Below an injected frame, for the scheduler's own calls and a nested signal frame without alternate stack.
#define PREEMPT_ROOM_FOR_SCHEDULER 16384
// The same and the largest frame of a checkpoint that the compiler put in: XSAVE areas with AMX are 11 KiB.
#define PREEMPT_ROOM_FOR_CHECKPOINT (PREEMPT_ROOM_FOR_SCHEDULER + 12288)

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace preempt::assembly {

struct SwitchFrame {
  std::uint32_t mxcsr;
  std::uint16_t x87_control_word;
  std::uint16_t unused;
  std::uint64_t r15, r14, r13, r12, rbx, rbp;
  std::uint64_t rip;
};
static_assert(offsetof(SwitchFrame, mxcsr) == PREEMPT_SWITCH_MXCSR);
static_assert(offsetof(SwitchFrame, x87_control_word) == PREEMPT_SWITCH_X87_CW);
static_assert(offsetof(SwitchFrame, r15) == PREEMPT_SWITCH_R15);
static_assert(offsetof(SwitchFrame, r14) == PREEMPT_SWITCH_R14);
static_assert(offsetof(SwitchFrame, r13) == PREEMPT_SWITCH_R13);
static_assert(offsetof(SwitchFrame, r12) == PREEMPT_SWITCH_R12);
static_assert(offsetof(SwitchFrame, rbx) == PREEMPT_SWITCH_RBX);
static_assert(offsetof(SwitchFrame, rbp) == PREEMPT_SWITCH_RBP);
static_assert(offsetof(SwitchFrame, rip) == PREEMPT_SWITCH_RIP);
static_assert(sizeof(SwitchFrame) == PREEMPT_SWITCH_FRAME);

struct VectorState {
  std::uint32_t method;
  std::uint32_t has_avx;
  std::uint32_t mask_low;
  std::uint32_t mask_high;
  std::uint64_t size;
};
static_assert(offsetof(VectorState, method) == PREEMPT_VECTOR_METHOD);
static_assert(offsetof(VectorState, has_avx) == PREEMPT_VECTOR_HAS_AVX);
static_assert(offsetof(VectorState, mask_low) == PREEMPT_VECTOR_MASK_LOW);
static_assert(offsetof(VectorState, mask_high) == PREEMPT_VECTOR_MASK_HIGH);
static_assert(offsetof(VectorState, size) == PREEMPT_VECTOR_SIZE);

}  // namespace preempt::assembly

#endif  // __ASSEMBLER__
#endif  // PREEMPT_ASM_FRAME_LAYOUT_H_
