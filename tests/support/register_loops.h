// Loops that keep one class of registers live, and say whether it was kept.
//
// Each function fills registers with a pattern made from `seed`, spins in code that neither calls nor touches them, and
// compares. The functions are marked signal-safe (and so are static, not inline): a migratable task is set aside inside
// the loop, without its thread. The assembly leaves the red zone of its function alone, and the stack pointer where it
// was.
#ifndef PREEMPT_TESTS_SUPPORT_REGISTER_LOOPS_H_
#define PREEMPT_TESTS_SUPPORT_REGISTER_LOOPS_H_

#include <cstdint>
#include <cstring>

#include "preempt/signal_safe.h"

namespace preempt::testing {

// Some 250 us of `dec, jnz`: a few slices of the tests that use it.
inline constexpr std::uint64_t kSpins = 300'000;

// What goes into the registers and what came out of them.
struct alignas(64) RegisterImage {
  static constexpr std::size_t kBytes = 32 * 64;

  explicit RegisterImage(std::uint64_t seed, std::size_t used_bytes) : used(used_bytes) {
    for (std::size_t i = 0; i < kBytes / 8; ++i) {
      const std::uint64_t word = (seed + i + 1) * 0x9e3779b97f4a7c15;
      std::memcpy(in + 8 * i, &word, 8);
    }
    std::memset(out, 0, sizeof(out));
  }

  bool kept() const { return std::memcmp(in, out, used) == 0; }

  alignas(64) unsigned char in[kBytes];
  alignas(64) unsigned char out[kBytes];
  std::size_t used;
};

// All fifteen that are not the stack pointer. The count is on the stack.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_integers(std::uint64_t seed) {
  RegisterImage image(seed, 15 * 8);
  unsigned char* in = image.in;
  static_assert(sizeof(image.in) == 2048);
  asm volatile(
      R"(
      lea -128(%%rsp), %%rsp
      push %%rbp
      push %%rdi
      push %[spins]
      mov 0(%%rdi), %%rax
      mov 8(%%rdi), %%rbx
      mov 16(%%rdi), %%rcx
      mov 24(%%rdi), %%rdx
      mov 32(%%rdi), %%rsi
      mov 40(%%rdi), %%rbp
      mov 48(%%rdi), %%r8
      mov 56(%%rdi), %%r9
      mov 64(%%rdi), %%r10
      mov 72(%%rdi), %%r11
      mov 80(%%rdi), %%r12
      mov 88(%%rdi), %%r13
      mov 96(%%rdi), %%r14
      mov 104(%%rdi), %%r15
      mov 112(%%rdi), %%rdi
    1:
      decq (%%rsp)
      jnz 1b
      mov %%rdi, (%%rsp)
      mov 8(%%rsp), %%rdi
      mov %%rax, 2048+0(%%rdi)
      mov %%rbx, 2048+8(%%rdi)
      mov %%rcx, 2048+16(%%rdi)
      mov %%rdx, 2048+24(%%rdi)
      mov %%rsi, 2048+32(%%rdi)
      mov %%rbp, 2048+40(%%rdi)
      mov %%r8, 2048+48(%%rdi)
      mov %%r9, 2048+56(%%rdi)
      mov %%r10, 2048+64(%%rdi)
      mov %%r11, 2048+72(%%rdi)
      mov %%r12, 2048+80(%%rdi)
      mov %%r13, 2048+88(%%rdi)
      mov %%r14, 2048+96(%%rdi)
      mov %%r15, 2048+104(%%rdi)
      popq 2048+112(%%rdi)
      pop %%rdi
      pop %%rbp
      lea 128(%%rsp), %%rsp
      )"
      : "+D"(in)
      : [spins] "i"(kSpins)
      : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "cc", "memory");
  return image.kept();
}

// The status flags, the direction flag, ID and AC, over a loop of instructions that do not write them.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_flags(std::uint64_t seed) {
  constexpr std::uint64_t kStatus = 0x8d5, kDirection = 0x400, kAlignment = 0x40000, kIdentification = 0x200000;
  constexpr std::uint64_t kMask = kStatus | kDirection | kAlignment | kIdentification;
  std::uint64_t in = 0x202 | ((seed * 0x9e3779b97f4a7c15 >> 20) & kMask), out = 0, spins = kSpins / 2;
  asm volatile(
      R"(
      lea -128(%%rsp), %%rsp
      pushfq
      push %[in]
      popfq
    1:
      lea -1(%%rcx), %%rcx
      jrcxz 2f
      jmp 1b
    2:
      pushfq
      pop %[out]
      popfq
      lea 128(%%rsp), %%rsp
      )"
      : "+c"(spins), [out] "=&r"(out)
      : [in] "r"(in)
      : "cc", "memory");
  return (in & kMask) == (out & kMask);
}

// 128 bytes below the stack pointer that nobody has reserved.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_red_zone(std::uint64_t seed) {
  RegisterImage image(seed, 128);
  unsigned char* in = image.in;
  std::uint64_t spins = kSpins, scratch = 0;
  asm volatile(
      R"(
      lea -128(%%rsp), %%rsp
      .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
      mov 8*\n(%[in]), %[scratch]
      mov %[scratch], -128+8*\n(%%rsp)
      .endr
    1:
      dec %[spins]
      jnz 1b
      .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
      mov -128+8*\n(%%rsp), %[scratch]
      mov %[scratch], 2048+8*\n(%[in])
      .endr
      lea 128(%%rsp), %%rsp
      )"
      : [spins] "+r"(spins), [scratch] "+r"(scratch)
      : [in] "r"(in)
      : "cc", "memory");
  return image.kept();
}

// Five or eight entries of the x87 stack, the condition bits and the top of the stack, the control word.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_x87(std::uint64_t seed) {
  constexpr std::uint16_t kControl[] = {0x037f, 0x007f, 0x027f, 0x077f, 0x0b7f, 0x0f7f, 0x0c7f};
  RegisterImage image(seed, 0);
  for (int i = 0; i < 8; ++i) {
    const long double value = 1.0L / static_cast<long double>(seed % 1000 + 3 + static_cast<std::uint64_t>(i));
    std::memcpy(image.in + 16 * i, &value, 10);
  }
  const int full = static_cast<int>(seed & 1);
  const std::size_t used = full ? 8 : 5;
  const std::uint16_t control_in = kControl[seed % 7];
  std::uint16_t control_out = 0, status_in = 0, status_out = 0, control_before = 0;
  std::uint64_t spins = kSpins;
  asm volatile(
      R"(
      fnstcw %[before]
      fninit
      fldcw %[control_in]
      test %[full], %[full]
      jz 2f
      fldt 16*7(%[in])
      fldt 16*6(%[in])
      fldt 16*5(%[in])
    2:
      fldt 16*4(%[in])
      fldt 16*3(%[in])
      fldt 16*2(%[in])
      fldt 16*1(%[in])
      fldt 16*0(%[in])
      fcom %%st(1)
      fnstsw %[status_in]
    1:
      dec %[spins]
      jnz 1b
      fnstsw %[status_out]
      fnstcw %[control_out]
      fstpt 2048+16*0(%[in])
      fstpt 2048+16*1(%[in])
      fstpt 2048+16*2(%[in])
      fstpt 2048+16*3(%[in])
      fstpt 2048+16*4(%[in])
      test %[full], %[full]
      jz 3f
      fstpt 2048+16*5(%[in])
      fstpt 2048+16*6(%[in])
      fstpt 2048+16*7(%[in])
    3:
      fninit
      fldcw %[before]
      )"
      : [spins] "+r"(spins), [before] "+m"(control_before), [control_out] "+m"(control_out),
        [status_in] "+m"(status_in), [status_out] "+m"(status_out)
      : [in] "r"(image.in), [full] "r"(full), [control_in] "m"(control_in)
      : "cc", "memory", "st", "st(1)", "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)");
  bool kept = control_in == control_out && status_in == status_out;
  for (std::size_t i = 0; i < used; ++i) kept &= std::memcmp(image.in + 16 * i, image.out + 16 * i, 10) == 0;
  return kept;
}

// Rounding mode, flush-to-zero, denormals-are-zero and the sticky flags, and what divisions made with them give.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_mxcsr(std::uint64_t seed) {
  constexpr std::uint32_t kMasked = 0x1f80;
  const std::uint32_t in =
      kMasked | static_cast<std::uint32_t>(seed % 4) << 13 | (seed & 4 ? 0x8000 : 0) | (seed & 8 ? 0x40 : 0);
  std::uint32_t before = 0, first = 0, last = 0;
  std::uint64_t spins = kSpins / 5, wrong = 0, scratch = 0;
  const double one = seed & 16 ? -1.0 : 1.0, three = 3.0 + static_cast<double>(seed % 5) * 2;
  asm volatile(
      R"(
      stmxcsr %[before]
      ldmxcsr %[in]
      movsd %[one], %%xmm1
      divsd %[three], %%xmm1
      stmxcsr %[first]
    1:
      movsd %[one], %%xmm0
      divsd %[three], %%xmm0
      xorpd %%xmm1, %%xmm0
      movq %%xmm0, %[scratch]
      or %[scratch], %[wrong]
      dec %[spins]
      jnz 1b
      stmxcsr %[last]
      ldmxcsr %[before]
      )"
      : [spins] "+r"(spins), [wrong] "+r"(wrong), [scratch] "=&r"(scratch), [before] "+m"(before), [first] "+m"(first),
        [last] "+m"(last)
      : [in] "m"(in), [one] "m"(one), [three] "m"(three)
      : "cc", "memory", "xmm0", "xmm1");
  return wrong == 0 && first == last && (last & ~0x3fu) == in;
}

// Sixteen registers of 128 or 256 bits.
#define PREEMPT_KEEP_VECTORS(load, name, bytes, registers, clear)                                                \
  asm volatile(".irp n, " registers "\n " load " \\n*" bytes "(%[in]), %%" name                                  \
               "\\n\n .endr\n"                                                                                   \
               "1: dec %[spins]\n jnz 1b\n"                                                                      \
               ".irp n, " registers "\n " load " %%" name "\\n, 2048+\\n*" bytes "(%[in])\n .endr\n" clear       \
               : [spins] "+r"(spins)                                                                             \
               : [in] "r"(image.in)                                                                              \
               : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", \
                 "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15")

#define PREEMPT_SIXTEEN "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15"

[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_xmm(std::uint64_t seed) {
  RegisterImage image(seed, 16 * 16);
  std::uint64_t spins = kSpins;
  PREEMPT_KEEP_VECTORS("movups", "xmm", "16", PREEMPT_SIXTEEN, "");
  return image.kept();
}

[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_ymm(std::uint64_t seed) {
  RegisterImage image(seed, 16 * 32);
  std::uint64_t spins = kSpins;
  PREEMPT_KEEP_VECTORS("vmovups", "ymm", "32", PREEMPT_SIXTEEN, "vzeroupper\n");
  return image.kept();
}

// Thirty-two of 512 bits. The compiler does not know the upper sixteen unless told to use them, so they need no
// clobber.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_zmm(std::uint64_t seed) {
  RegisterImage image(seed, 32 * 64);
  std::uint64_t spins = kSpins;
  PREEMPT_KEEP_VECTORS("vmovups", "zmm", "64", PREEMPT_SIXTEEN ",16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31",
                       "vzeroupper\n");
  return image.kept();
}

// Eight of 64 bits.
[[maybe_unused]] PREEMPT_SIGNAL_SAFE static bool keeps_masks(std::uint64_t seed) {
  RegisterImage image(seed, 8 * 8);
  std::uint64_t spins = kSpins;
  PREEMPT_KEEP_VECTORS("kmovq", "k", "8", "0,1,2,3,4,5,6,7", "");
  return image.kept();
}

#undef PREEMPT_SIXTEEN
#undef PREEMPT_KEEP_VECTORS

// What each new task must find: every mask and mode as the ABI says (psABI 3.2.1), no matter whom it displaced.
inline bool floating_point_modes_are_default() {
  std::uint32_t mxcsr = 0;
  std::uint16_t control = 0;
  asm volatile("stmxcsr %0\n fnstcw %1" : "=m"(mxcsr), "=m"(control));
  return (mxcsr & 0xffc0) == 0x1f80 && control == 0x037f;
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_REGISTER_LOOPS_H_
