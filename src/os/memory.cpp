#include "os/memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102  // include/uapi/asm-generic/mman-common.h, Linux 6.13
#endif

namespace preempt::os {
namespace {

std::atomic<GuardBy> best_guard = GuardBy::kMadvise;

// Guard pages made by mprotect(2) so far: each splits a mapping.
std::atomic<long> protected_guards = 0;
std::atomic<long> protected_guards_limit = 0;

// Half of vm.max_map_count: the other half is the program's.
long read_limit() noexcept {
  constexpr long kKernelDefault = 65530;
  char text[32] = {};
  const int file = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    static_cast<void>(!read(file, text, sizeof(text) - 1));
    close(file);
  }
  long count = 0;
  for (const char* digit = text; *digit >= '0' && *digit <= '9'; ++digit) count = count * 10 + (*digit - '0');
  return (count > 0 ? count : kKernelDefault) / 2;
}

bool guard_by_mprotect(void* address, std::size_t size) noexcept {
  if (protected_guards_limit.load(std::memory_order_relaxed) == 0) {
    protected_guards_limit.store(read_limit(), std::memory_order_relaxed);
  }
  if (protected_guards.fetch_add(1, std::memory_order_relaxed) >=
      protected_guards_limit.load(std::memory_order_relaxed)) {
    return false;
  }
  return mprotect(address, size, PROT_NONE) == 0;
}

}  // namespace

void* map_lazily(std::size_t size) noexcept {
  const int saved_errno = errno;
  void* address =
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
  if (address == MAP_FAILED) {
    address = nullptr;
  } else {
    madvise(address, size, MADV_NOHUGEPAGE);  // fails harmlessly on a kernel without huge pages
  }
  errno = saved_errno;
  return address;
}

void* reserve(std::size_t size) noexcept {
  const int saved_errno = errno;
  void* address = mmap(nullptr, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  errno = saved_errno;
  return address == MAP_FAILED ? nullptr : address;
}

void unmap(void* address, std::size_t size) noexcept {
  const int saved_errno = errno;
  munmap(address, size);
  errno = saved_errno;
}

void discard(void* address, std::size_t size) noexcept {
  const int saved_errno = errno;
  madvise(address, size, MADV_DONTNEED);  // fails harmlessly on locked memory
  errno = saved_errno;
}

Guard guard(void* address, std::size_t size) noexcept {
  const int saved_errno = errno;
  const GuardBy best = best_guard.load(std::memory_order_relaxed);
  // Fails on an older kernel and on locked memory (mlockall): mprotect(2) serves there.
  const bool done = (best == GuardBy::kMadvise && madvise(address, size, MADV_GUARD_INSTALL) == 0) ||
                    (best != GuardBy::kNothing && guard_by_mprotect(address, size));
  errno = saved_errno;
  return done ? Guard::kInstalled : Guard::kMissing;
}

void guard_at_best_by(GuardBy way) noexcept { best_guard.store(way, std::memory_order_relaxed); }

}  // namespace preempt::os
