// Where the calling thread's thread-local variables are.
#ifndef PREEMPT_OS_THREAD_VARIABLES_H_
#define PREEMPT_OS_THREAD_VARIABLES_H_

#include <cstdint>

namespace preempt::os {

struct ThreadVariables {
  std::uintptr_t low = 0;
  std::uintptr_t high = 0;
};

// Those of the program and of the libraries that were loaded with it, errno among them, and the thread's control block.
// Takes the loader's lock.
ThreadVariables thread_variables() noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_THREAD_VARIABLES_H_
