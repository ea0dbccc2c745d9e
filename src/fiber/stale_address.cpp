#include "fiber/stale_address.h"

#include <atomic>

#include "os/memory.h"

namespace preempt::fiber {
namespace {

// As much as a thread's variables take, and more.
constexpr std::size_t kSize = std::size_t{2} << 20;

// Relaxed: the addresses themselves are never followed.
constinit std::atomic<std::uintptr_t> stale_addresses = 0;

}  // namespace

void watch_stale_addresses() noexcept {
  if (stale_addresses.load(std::memory_order_relaxed) != 0) return;
  stale_addresses.store(reinterpret_cast<std::uintptr_t>(os::reserve(kSize)), std::memory_order_relaxed);
}

bool is_stale_address(std::uintptr_t address) noexcept {
  const std::uintptr_t low = stale_addresses.load(std::memory_order_relaxed);
  return low != 0 && address - low < kSize;
}

void FormerThread::spoil_addresses(SavedRegisters registers) const noexcept {
  const std::uintptr_t low = stale_addresses.load(std::memory_order_relaxed);
  if (low == 0 || variables_.high == 0 || own_guard_word() == thread_) return;
  for (std::size_t i = 0; i < registers.count; ++i) {
    std::uint64_t& value = registers.first[i];
    if (variables_.contains(value)) value = low + (value - variables_.low) % kSize;
  }
}

}  // namespace preempt::fiber
