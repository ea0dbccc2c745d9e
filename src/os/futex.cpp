#include "os/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>

namespace preempt::os {

void futex_wait(FutexWord& word, std::uint32_t expected, Nanos deadline) {
  const int saved_errno = errno;
  const timespec time = {.tv_sec = deadline / kSecond, .tv_nsec = deadline % kSecond};
  // WAIT_BITSET takes an absolute deadline, so a loop around it does not make the sleep longer.
  syscall(SYS_futex, &word, FUTEX_WAIT_BITSET_PRIVATE, expected, deadline == kNever ? nullptr : &time, nullptr,
          FUTEX_BITSET_MATCH_ANY);
  errno = saved_errno;
}

void futex_wake(FutexWord& word, int count) {
  const int saved_errno = errno;
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, count, nullptr, nullptr, 0);
  errno = saved_errno;
}

}  // namespace preempt::os
