#include "os/saved_errno.h"

#include <cerrno>

namespace preempt::os {

__attribute__((noinline)) int SavedErrno::read() noexcept { return errno; }
__attribute__((noinline)) void SavedErrno::write(int value) noexcept { errno = value; }

}  // namespace preempt::os
