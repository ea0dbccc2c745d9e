// The flag AC, which makes unaligned accesses fault.
#ifndef PREEMPT_SIGNAL_ALIGNMENT_CHECK_H_
#define PREEMPT_SIGNAL_ALIGNMENT_CHECK_H_

namespace preempt::signal {

// A task may run with alignment checks on; the kernel does not clear AC for handlers, and ours is ordinary code.
inline void clear_alignment_check() noexcept {
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"
      "pushfq\n\t"
      "andl $~0x40000, (%%rsp)\n\t"
      "popfq\n\t"
      "leaq 128(%%rsp), %%rsp" ::
          : "cc", "memory");
}

}  // namespace preempt::signal

#endif  // PREEMPT_SIGNAL_ALIGNMENT_CHECK_H_
