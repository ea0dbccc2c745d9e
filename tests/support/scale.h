// Iteration counts of tests, scaled for slow builds.
#ifndef PREEMPT_TESTS_SUPPORT_SCALE_H_
#define PREEMPT_TESTS_SUPPORT_SCALE_H_

#include <algorithm>
#include <cstdlib>

namespace preempt::testing {

// `count` times PREEMPT_TEST_SCALE, at least 1.
inline int scaled(int count) {
  const char* scale = std::getenv("PREEMPT_TEST_SCALE");
  return scale == nullptr ? count : std::max(1, static_cast<int>(count * std::atof(scale)));
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_SCALE_H_
