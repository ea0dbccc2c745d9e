// Loops of a while, in code of many kinds. Each returns what its argument determines.
#ifndef PREEMPT_TESTS_SIGNAL_SAFE_KERNEL_H_
#define PREEMPT_TESTS_SIGNAL_SAFE_KERNEL_H_

#include <cstdint>

using Kernel = std::uint64_t(std::uint64_t turns);

extern "C" Kernel spin_in_static, spin_in_shared, spin_in_module;

Kernel spin_marked, spin_marked_inline, spin_marked_member;

#endif  // PREEMPT_TESTS_SIGNAL_SAFE_KERNEL_H_
