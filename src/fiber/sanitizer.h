// Tells ASan, TSan and valgrind which stack is in use. Nothing in other builds.
#ifndef PREEMPT_FIBER_SANITIZER_H_
#define PREEMPT_FIBER_SANITIZER_H_

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define PREEMPT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PREEMPT_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define PREEMPT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define PREEMPT_TSAN 1
#endif
#endif

#ifdef PREEMPT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef PREEMPT_TSAN
#include <sanitizer/tsan_interface.h>
#endif
#ifdef PREEMPT_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

namespace preempt::fiber {

// A freed block that is used again at once would hide from it who uses the block too long.
#if defined(PREEMPT_ASAN) || defined(PREEMPT_TSAN)
inline constexpr bool kIsSanitized = true;
#else
inline constexpr bool kIsSanitized = false;
#endif

// TSan delivers a signal only at calls that it intercepts, so nothing can be stopped at any instruction.
#ifdef PREEMPT_TSAN
inline constexpr bool kSignalsAreDelayed = true;
#else
inline constexpr bool kSignalsAreDelayed = false;
#endif

// What the sanitizers know of one fiber.
class SanitizerFiber {
 public:
  // The calling thread's own stack.
  void adopt_thread() {
#ifdef PREEMPT_TSAN
    tsan_fiber_ = __tsan_get_current_fiber();
#endif
  }
  void create() {
#ifdef PREEMPT_TSAN
    tsan_fiber_ = __tsan_create_fiber(0);
#endif
  }

  // Around a switch from *this to `target`, whose stack is [low, low + size).
  void before_switch([[maybe_unused]] SanitizerFiber& target, [[maybe_unused]] const void* low,
                     [[maybe_unused]] std::size_t size) {
#ifdef PREEMPT_ASAN
    __sanitizer_start_switch_fiber(&asan_fake_stack_, low, size);
#endif
#ifdef PREEMPT_TSAN
    __tsan_switch_to_fiber(target.tsan_fiber_, 0);
#endif
  }
  // On the stack that was switched to, first thing.
  void after_switch() {
#ifdef PREEMPT_ASAN
    __sanitizer_finish_switch_fiber(asan_fake_stack_, nullptr, nullptr);
#endif
  }

 private:
#ifdef PREEMPT_ASAN
  void* asan_fake_stack_ = nullptr;
#endif
#ifdef PREEMPT_TSAN
  void* tsan_fiber_ = nullptr;
#endif
};

// A stack that nobody has used, where another one may have been: ASan keeps what it knew of that until told otherwise.
inline void register_stack([[maybe_unused]] const void* low, [[maybe_unused]] const void* high) {
#ifdef PREEMPT_HAVE_VALGRIND
  static_cast<void>(VALGRIND_STACK_REGISTER(low, high));
#endif
#ifdef PREEMPT_ASAN
  __asan_unpoison_memory_region(
      low, static_cast<std::size_t>(static_cast<const char*>(high) - static_cast<const char*>(low)));
#endif
}

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_SANITIZER_H_
