// Marks functions in which a migratable task may be set aside at any instruction.
#ifndef PREEMPT_SIGNAL_SAFE_H_
#define PREEMPT_SIGNAL_SAFE_H_

#include "preempt/detail/config.h"

// On a function that is neither inline nor a template: the function takes no lock, allocates nothing and keeps no
// thread's identity itself, so a task that is in the function's own instructions (not in what it calls) may be stopped
// there without its thread. The callers' part of the promise is TaskOptions::migratable. Puts the function into a
// section of its own and implies noinline.
//
// GCC ignores the mark on templates without a word: they get thread switches, which are always right. For them, and for
// whole libraries, there is preempt_signal_safe(target) in CMake.
#define PREEMPT_SIGNAL_SAFE __attribute__((noinline, section("preempt_signal_safe")))

// The same on an inline function, also a member that is defined in its class. GCC has no section that holds both kinds.
#define PREEMPT_SIGNAL_SAFE_INLINE __attribute__((noinline, section("preempt_signal_safe_inline")))

extern "C" {
// Bounds of the sections in this executable or shared object, by the linker; null where nothing is marked. The
// attribute alone does not reach the assembler from GCC, and then the program's bounds would take the place of a
// library's.
#define PREEMPT_DECLARE_BOUND(name, symbol)                                             \
  extern const char name[] __asm__(symbol) __attribute__((weak, visibility("hidden"))); \
  __asm__(".weak " symbol "\n\t.hidden " symbol)
PREEMPT_DECLARE_BOUND(preempt_section_begin, "__start_preempt_signal_safe");
PREEMPT_DECLARE_BOUND(preempt_section_end, "__stop_preempt_signal_safe");
PREEMPT_DECLARE_BOUND(preempt_inline_section_begin, "__start_preempt_signal_safe_inline");
PREEMPT_DECLARE_BOUND(preempt_inline_section_end, "__stop_preempt_signal_safe_inline");
#undef PREEMPT_DECLARE_BOUND
}

namespace preempt::detail {

PREEMPT_EXPORT void register_signal_safe_range(const char* begin, const char* end) noexcept;
PREEMPT_EXPORT void unregister_signal_safe_range(const char* begin) noexcept;

// One for each executable or shared object that includes this header: tells the handler where marked code is, from
// load to dlclose. Hidden with its members, or each would call those of the first object in the loader's order.
struct __attribute__((visibility("hidden"))) SignalSafeRange {
  SignalSafeRange() noexcept {
    register_signal_safe_range(preempt_section_begin, preempt_section_end);
    register_signal_safe_range(preempt_inline_section_begin, preempt_inline_section_end);
  }
  ~SignalSafeRange() {
    unregister_signal_safe_range(preempt_section_begin);
    unregister_signal_safe_range(preempt_inline_section_begin);
  }
};
__attribute__((visibility("hidden"))) inline SignalSafeRange signal_safe_range;

}  // namespace preempt::detail

#endif  // PREEMPT_SIGNAL_SAFE_H_
