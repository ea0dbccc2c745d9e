// Marks functions in which a migratable task may be set aside at any instruction.
#ifndef PREEMPT_SIGNAL_SAFE_H_
#define PREEMPT_SIGNAL_SAFE_H_

#include "preempt/detail/config.h"

// On a non-template, non-inline function: the function takes no lock, allocates nothing and keeps no thread's identity
// itself, so a task that is in the function's own instructions (not in what it calls) may be stopped there without its
// thread. The callers' part of the promise is TaskOptions::migratable. Puts the function into a section of its own
// and implies noinline.
#define PREEMPT_SIGNAL_SAFE __attribute__((noinline, section("preempt_signal_safe")))

extern "C" {
// Bounds of the section in this executable or shared object, by the linker; null where nothing is marked.
extern const char preempt_section_begin[] __asm__("__start_preempt_signal_safe") __attribute__((weak, visibility("hidden")));
extern const char preempt_section_end[] __asm__("__stop_preempt_signal_safe") __attribute__((weak, visibility("hidden")));
}

namespace preempt::detail {

PREEMPT_EXPORT void register_signal_safe_range(const char* begin, const char* end) noexcept;
PREEMPT_EXPORT void unregister_signal_safe_range(const char* begin) noexcept;

// One for each executable or shared object that includes this header: tells the handler where marked code is, from
// load to dlclose.
struct SignalSafeRange {
  SignalSafeRange() noexcept { register_signal_safe_range(preempt_section_begin, preempt_section_end); }
  ~SignalSafeRange() { unregister_signal_safe_range(preempt_section_begin); }
};
__attribute__((visibility("hidden"))) inline SignalSafeRange signal_safe_range;

}  // namespace preempt::detail

#endif  // PREEMPT_SIGNAL_SAFE_H_
