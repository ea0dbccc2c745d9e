// What every public header needs to know of the platform and the compiler.
#ifndef PREEMPT_DETAIL_CONFIG_H_
#define PREEMPT_DETAIL_CONFIG_H_

#include <features.h>

#if !defined(__linux__) || !defined(__x86_64__) || defined(__ILP32__) || !defined(__GLIBC__)
#error "preempt supports x86-64 Linux with glibc only: the guard word is glibc's %fs:0x70."
#endif

// Visible outside the library although everything is compiled with -fvisibility=hidden.
#define PREEMPT_EXPORT __attribute__((visibility("default")))

#endif  // PREEMPT_DETAIL_CONFIG_H_
