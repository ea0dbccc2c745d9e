// Invariants that stop the process in words. Usable in signal handlers: write(2) and abort(3) only.
#ifndef PREEMPT_BASE_CHECK_H_
#define PREEMPT_BASE_CHECK_H_

#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace preempt::base {

[[noreturn]] inline void check_failed(const char* what) {
  static constexpr char kPrefix[] = "preempt: internal error: ";
  static_cast<void>(!write(STDERR_FILENO, kPrefix, sizeof(kPrefix) - 1));
  static_cast<void>(!write(STDERR_FILENO, what, std::strlen(what)));
  static_cast<void>(!write(STDERR_FILENO, "\n", 1));
  std::abort();
}

}  // namespace preempt::base

// `what` is a string literal that says in words what does not hold.
#define PREEMPT_CHECK(condition, what)                                            \
  do {                                                                            \
    if (__builtin_expect(!(condition), false)) ::preempt::base::check_failed(what); \
  } while (false)

#endif  // PREEMPT_BASE_CHECK_H_
