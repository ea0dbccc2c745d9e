// Address space. Everything here is async-signal-safe.
#ifndef PREEMPT_OS_MEMORY_H_
#define PREEMPT_OS_MEMORY_H_

#include <cstddef>

namespace preempt::os {

inline constexpr std::size_t kPage = 4096;

// Readable and writable pages, committed as they are touched, never huge ones (with THP one touched byte would cost
// 2 MiB). Null when the kernel refuses.
void* map_lazily(std::size_t size) noexcept;
// Addresses whose every use is a fault. Null when the kernel refuses.
void* reserve(std::size_t size) noexcept;
void unmap(void* address, std::size_t size) noexcept;

// Whole pages that nobody needs the contents of: the memory goes back to the kernel at once, the addresses stay and are
// zero when they are touched again.
void discard(void* address, std::size_t size) noexcept;

enum class Guard { kInstalled, kMissing };

// Makes [address, address + size) fault on any access: MADV_GUARD_INSTALL (Linux 6.13), which costs no mapping, else
// mprotect(2), which costs one. Past half of vm.max_map_count no more mappings are spent: kMissing.
Guard guard(void* address, std::size_t size) noexcept;

// For tests of the ways that older and busier kernels take: this one at best.
enum class GuardBy { kMadvise, kMprotect, kNothing };
void guard_at_best_by(GuardBy way) noexcept;

}  // namespace preempt::os

#endif  // PREEMPT_OS_MEMORY_H_
