#include "os/own_memory.h"

#include <fcntl.h>
#include <unistd.h>

namespace preempt::os {

OwnMemory::OwnMemory() noexcept : file_(open("/proc/self/mem", O_RDONLY | O_CLOEXEC)) {}

OwnMemory::~OwnMemory() {
  if (file_ >= 0) close(file_);
}

bool OwnMemory::read(std::uint64_t address, void* to, std::size_t size) const noexcept {
  return file_ >= 0 && pread(file_, to, size, static_cast<off_t>(address)) == static_cast<ssize_t>(size);
}

}  // namespace preempt::os
