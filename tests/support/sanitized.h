// Whether a sanitizer watches the program.
#ifndef PREEMPT_TESTS_SUPPORT_SANITIZED_H_
#define PREEMPT_TESTS_SUPPORT_SANITIZED_H_

#include "fiber/sanitizer.h"

namespace preempt::testing {

#if defined(PREEMPT_ASAN) || defined(PREEMPT_TSAN)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_SANITIZED_H_
