// Functions for the stepper: each keeps another kind of state live over its instructions. What they write
// depends on what they read alone.
#ifndef PREEMPT_TESTS_SUPPORT_STEP_CORPUS_H_
#define PREEMPT_TESTS_SUPPORT_STEP_CORPUS_H_

#include <cmath>
#include <cstdint>
#include <cstring>

#include "support/step_kernel.h"

// All sixteen, with arithmetic that mixes them.
PREEMPT_STEP_KERNEL(step_integers, PREEMPT_PUSH_CALLEE_SAVED R"(
  push %rsi
  mov 0(%rdi), %rax
  mov 8(%rdi), %rbx
  mov 16(%rdi), %rcx
  mov 24(%rdi), %rdx
  mov 32(%rdi), %rsi
  mov 40(%rdi), %rbp
  mov 48(%rdi), %r8
  mov 56(%rdi), %r9
  mov 64(%rdi), %r10
  mov 72(%rdi), %r11
  mov 80(%rdi), %r12
  mov 88(%rdi), %r13
  mov 96(%rdi), %r14
  mov 104(%rdi), %r15
  mov 112(%rdi), %rdi
  add %rax, %rbx
  adc %rbx, %rcx
  sbb %rcx, %rdx
  mul %rsi
  imul %rbp, %r8
  xchg %r9, %r10
  shld $13, %r11, %r12
  rol %cl, %r13
  bswap %r14
  xor %r15, %rdi
  lea 5(%rdi,%r8,4), %rbp
  cmovc %rbp, %r9
  xadd %r10, %r11
  push %rdi
  mov 8(%rsp), %rdi
  mov %rax, 0(%rdi)
  mov %rbx, 8(%rdi)
  mov %rcx, 16(%rdi)
  mov %rdx, 24(%rdi)
  mov %rsi, 32(%rdi)
  mov %rbp, 40(%rdi)
  mov %r8, 48(%rdi)
  mov %r9, 56(%rdi)
  mov %r10, 64(%rdi)
  mov %r11, 72(%rdi)
  mov %r12, 80(%rdi)
  mov %r13, 88(%rdi)
  mov %r14, 96(%rdi)
  mov %r15, 104(%rdi)
  popq 112(%rdi)
  pop %rsi
)" PREEMPT_POP_CALLEE_SAVED);

// A carry that lives over many instructions, lahf and sahf, every condition, AC and ID set.
PREEMPT_STEP_KERNEL(step_flags, R"(
  mov $20, %ecx
  xor %r8d, %r8d
  clc
1:
  mov (%rdi,%r8), %rax
  adc %rax, 64(%rdi,%r8)
  mov 64(%rdi,%r8), %rdx
  mov %rdx, (%rsi,%r8)
  lea 8(%r8), %r8
  dec %ecx
  jnz 1b
  lahf
  mov %rax, 256(%rsi)
  sahf
  setc 264(%rsi)
  setp 265(%rsi)
  seto 266(%rsi)
  sets 267(%rsi)
  setl 268(%rsi)
  mov $0x7fffffff, %eax
  add $1, %eax
  nop
  nop
  jo 2f
  ud2
2:
  stc
  cmc
  stc
  nop
  rcl $3, %eax
  mov %eax, 272(%rsi)
  lea -128(%rsp), %rsp
  pushfq
  orl $0x240000, (%rsp)
  popfq
  nop
  pushfq
  popq %rdx
  and $0x240cd5, %edx
  mov %rdx, 280(%rsi)
  pushfq
  andl $~0x240000, (%rsp)
  popfq
  lea 128(%rsp), %rsp
)");

// A leaf that keeps 128 bytes where nobody has reserved them.
PREEMPT_STEP_KERNEL(step_red_zone, R"(
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  mov 8*\n(%rdi), %rax
  mov %rax, -128+8*\n(%rsp)
  .endr
  mov $16, %ecx
1:
  mov -136(%rsp,%rcx,8), %rax
  rol $7, %rax
  xor %rax, -128(%rsp)
  dec %ecx
  jnz 1b
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  mov -128+8*\n(%rsp), %rax
  mov %rax, 8*\n(%rsi)
  .endr
)");

// Eight entries, another precision and rounding, comparisons, an exception flag; MMX in the same registers.
PREEMPT_STEP_KERNEL(step_x87, R"(
  fninit
  movw $0x0a7f, -8(%rsp)
  fldcw -8(%rsp)
  fld1
  fldpi
  fldl2e
  fldlg2
  fldln2
  fildl 0(%rdi)
  fildl 4(%rdi)
  fildl 8(%rdi)
  fcom %st(1)
  fnstsw 0(%rsi)
  fxch %st(3)
  fmul %st(1), %st
  fdiv %st, %st(5)
  fsqrt
  fdecstp
  fincstp
  fucomi %st(2), %st
  setc 2(%rsi)
  fld1
  fnstsw 4(%rsi)
  .irp n, 1,2,3,4,5,6,7,8
  fstpt 16*\n(%rsi)
  .endr
  fnstcw 6(%rsi)
  fninit
  movq 16(%rdi), %mm3
  movq 24(%rdi), %mm7
  paddw %mm3, %mm7
  movq %mm7, 192(%rsi)
  emms
)");

// Sixteen of 128 bits, with another rounding, flush-to-zero and sticky flags.
PREEMPT_STEP_KERNEL(step_sse, R"(
  stmxcsr -4(%rsp)
  movl $0xdf80, -8(%rsp)
  ldmxcsr -8(%rsp)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqu 16*\n(%rdi), %xmm\n
  .endr
  paddq %xmm0, %xmm1
  pshufd $0x1b, %xmm2, %xmm3
  pmuludq %xmm4, %xmm5
  pxor %xmm6, %xmm7
  cvtdq2pd %xmm8, %xmm9
  cvtdq2pd %xmm10, %xmm11
  divpd %xmm9, %xmm11
  sqrtpd %xmm11, %xmm12
  psrldq $3, %xmm13
  ucomisd %xmm9, %xmm11
  setc 256(%rsi)
  movmskpd %xmm12, %eax
  mov %eax, 260(%rsi)
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  movdqu %xmm\n, 16*\n(%rsi)
  .endr
  stmxcsr 264(%rsi)
  ldmxcsr -4(%rsp)
)");

// Sixteen of 256 bits; a gather, whose mask is consumed on the way.
PREEMPT_STEP_KERNEL(step_avx2, R"(
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu 32*\n(%rdi), %ymm\n
  .endr
  vpaddq %ymm0, %ymm1, %ymm2
  vpermq $0x4e, %ymm3, %ymm4
  vpshufb %ymm5, %ymm6, %ymm7
  vperm2i128 $0x21, %ymm8, %ymm9, %ymm10
  vpcmpgtd %ymm0, %ymm1, %ymm11
  vpcmpeqd %ymm12, %ymm12, %ymm12
  vpsrld $24, %ymm13, %ymm13
  vpgatherdd %ymm12, (%rdi,%ymm13,4), %ymm14
  vpmovmskb %ymm11, %eax
  mov %eax, 512(%rsi)
  vmovdqu %xmm15, %xmm15
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
  vmovdqu %ymm\n, 32*\n(%rsi)
  .endr
  vzeroupper
)");

// Thirty-two of 512 bits under seven masks.
PREEMPT_STEP_KERNEL(step_avx512, R"(
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  vmovdqu64 32*\n(%rdi), %zmm\n
  .endr
  .irp n, 0,1,2,3,4,5,6,7
  kmovq 8*\n(%rdi), %k\n
  .endr
  vpaddq %zmm16, %zmm17, %zmm18 {%k1}
  vpaddb %zmm31, %zmm30, %zmm29 {%k2}{z}
  vpcompressd %zmm20, %zmm21 {%k3}
  vpexpandd %zmm22, %zmm23 {%k4}{z}
  vpcmpud $1, %zmm24, %zmm25, %k5 {%k6}
  kxorq %k5, %k7, %k6
  kortestq %k6, %k7
  setc 1600(%rsi)
  vpternlogq $0x96, %zmm26, %zmm27, %zmm28
  vpermt2d %zmm0, %zmm1, %zmm2
  vmovdqu8 %zmm3, 1664(%rsi) {%k1}
  kmovq %k5, 1608(%rsi)
  kmovq %k6, 1616(%rsi)
  kmovq %k7, 1624(%rsi)
  .irp n, 2,18,21,23,28,29
  vmovdqu64 %zmm\n, 64*(\n-2)/2(%rsi)
  .endr
  vzeroupper
)");

// Backwards with DF set, preempted between the iterations of one instruction.
PREEMPT_STEP_KERNEL(step_strings, R"(
  mov %rdi, %r8
  mov %rsi, %r9
  mov $37, %ecx
  rep movsb
  lea 100(%r8), %rsi
  lea 200(%r9), %rdi
  mov $41, %ecx
  std
  rep movsb
  mov $9, %ecx
  mov $0x5a5aa5a5, %eax
  lea 400(%r9), %rdi
  rep stosl
  nop
  cld
  mov %r8, %rsi
  mov %r9, %rdi
  mov $37, %ecx
  repe cmpsb
  mov %rcx, 512(%r9)
  lea 36(%r8), %rdi
  mov (%r8), %al
  mov $20, %ecx
  std
  repne scasb
  mov %rcx, 520(%r9)
  lea 96(%r8), %rsi
  xor %edx, %edx
  mov $12, %ecx
1:
  lodsq
  add %rax, %rdx
  loop 1b
  cld
  mov %rdx, 528(%r9)
)");

// Frames half built and half torn down, calls and returns of several kinds, and stack pointers at odd addresses.
PREEMPT_STEP_KERNEL(step_frames, R"(
  push %rbp
  mov %rsp, %rbp
  push %rbx
  sub $8, %rsp
  mov $6, %ebx
  call 5f
  mov %rax, 0(%rsi)
  lea 6f(%rip), %rax
  call *%rax
  pushq 0(%rdi)
  call 7f
  mov %rdx, 8(%rsi)
  enter $64, $0
  mov %rsp, (%rsp)
  leave
  sub $3, %rsp
  movb $1, (%rsp)
  movw $2, 1(%rsp)
  mov (%rsp), %ecx
  and $0xffffff, %ecx
  mov %ecx, 16(%rsi)
  add $3, %rsp
  lea -6000(%rsp), %rsp
  and $-64, %rsp
  movq $77, (%rsp)
  popq 24(%rsi)
  lea -16(%rbp), %rsp
  add $8, %rsp
  pop %rbx
  pop %rbp
  ret
5:
  cmp $2, %ebx
  jb 8f
  push %rbx
  dec %ebx
  call 5b
  push %rax
  dec %ebx
  call 5b
  pop %rcx
  add %rcx, %rax
  pop %rbx
  ret
8:
  mov %ebx, %eax
  ret
6:
  movq $9, -8(%rsp)
  mov -8(%rsp), %rdx
  jmp 9f
9:
  mov %rdx, 32(%rsi)
  ret
7:
  mov 8(%rsp), %rdx
  ret $8
)");

namespace preempt::testing {

[[maybe_unused]] PREEMPT_SIGNAL_SAFE static void step_hash(const Block& in, Block& out) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (std::size_t i = 0; i < 100; ++i) {
    hash = (hash ^ in.bytes[i]) * 0x100000001b3;
    hash ^= hash >> (in.bytes[i] % 63 + 1);
    out.bytes[i] = static_cast<unsigned char>(hash % (in.bytes[i] + 1u));
  }
}

[[maybe_unused]] PREEMPT_SIGNAL_SAFE static void step_numbers(const Block& in, Block& out) {
  double sum = 0.5;
  float product = 1.25f;
  long double quotient = 3;
  for (std::size_t i = 0; i < 50; ++i) {
    const auto x = static_cast<double>(in.bytes[i] + 1);
    sum = std::fma(sum, 0.99, std::sqrt(x));
    product = product * static_cast<float>(x) / 100.0f;
    quotient = quotient / static_cast<long double>(x) + 1;
  }
  std::memcpy(out.bytes.data(), &sum, sizeof(sum));
  std::memcpy(out.bytes.data() + 8, &product, sizeof(product));
  std::memcpy(out.bytes.data() + 16, &quotient, 10);
}

// Part of the time in code that nobody marked: there the thread stops.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static void step_copies(const Block& in, Block& out) {
  for (std::size_t i = 0; i < 8; ++i) {
    std::memmove(out.bytes.data() + 200 * i, in.bytes.data() + i, in.bytes[i] % 100 + 1u);
    out.bytes[2047 - i] = in.bytes[i];
  }
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_STEP_CORPUS_H_
