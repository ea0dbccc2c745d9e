#include "fiber/canary.h"

#include <cstdint>

#include "os/memory.h"

namespace preempt::fiber {
namespace {

constexpr std::size_t kWords = os::kPage / sizeof(std::uint64_t);

// Another word at each address, and none that a program keeps on its stack: the upper half is no address.
std::uint64_t canary_at(const std::uint64_t* place) noexcept {
  return reinterpret_cast<std::uintptr_t>(place) ^ 0xa5c3f00dd15ea5e5;
}

}  // namespace

void plant_canary(char* page) noexcept {
  auto* words = reinterpret_cast<std::uint64_t*>(page);
  for (std::size_t i = 0; i < kWords; ++i) words[i] = canary_at(words + i);
}

bool canary_is_alive(const char* page) noexcept {
  const auto* words = reinterpret_cast<const std::uint64_t*>(page);
  std::uint64_t difference = 0;
  for (std::size_t i = 0; i < kWords; ++i) difference |= words[i] ^ canary_at(words + i);
  return difference == 0;
}

}  // namespace preempt::fiber
