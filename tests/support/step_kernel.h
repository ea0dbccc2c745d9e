// A function that reads a block and writes one, written in assembly and marked signal-safe.
#ifndef PREEMPT_TESTS_SUPPORT_STEP_KERNEL_H_
#define PREEMPT_TESTS_SUPPORT_STEP_KERNEL_H_

#include <array>

#include "preempt/signal_safe.h"

namespace preempt::testing {

struct alignas(64) Block {
  std::array<unsigned char, 2048> bytes = {};
  bool operator==(const Block&) const = default;
};

using Kernel = void (*)(const Block& in, Block& out);

}  // namespace preempt::testing

// A function in assembly with `in` in rdi and `out` in rsi. The callee-saved registers are the body's to save.
#define PREEMPT_STEP_KERNEL(name, body)                                                          \
  extern "C" void name(const preempt::testing::Block& in, preempt::testing::Block& out);         \
  asm(".pushsection preempt_signal_safe, \"ax\", @progbits\n .type " #name ", @function\n" #name \
      ":"                                                                                        \
      "\n .cfi_startproc\n endbr64\n" body "\n ret\n .cfi_endproc\n .size " #name ", . - " #name "\n .popsection\n")

#define PREEMPT_PUSH_CALLEE_SAVED "push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
#define PREEMPT_POP_CALLEE_SAVED "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n"

#endif  // PREEMPT_TESTS_SUPPORT_STEP_KERNEL_H_
