// What another thread of this process asks of the kernel at this moment.
#ifndef PREEMPT_OS_THREAD_CALL_H_
#define PREEMPT_OS_THREAD_CALL_H_

#include <sys/types.h>

#include <cstdint>

namespace preempt::os {

// /proc/self/task/TID/syscall (proc(5)): read without a signal to the thread, which does not notice.
struct ThreadCall {
  enum class State {
    kUnknown,  // no such thread, no such file, or it may not be read
    kRunning,
    kInCall,
    kAsleep,  // not in a call: a page fault
  };
  State state = State::kUnknown;
  long number = -1;
  std::uint64_t first_argument = 0;
  std::uint64_t stack_pointer = 0;
  std::uint64_t program_counter = 0;

  bool operator==(const ThreadCall&) const = default;
};

ThreadCall read_thread_call(pid_t thread) noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_THREAD_CALL_H_
