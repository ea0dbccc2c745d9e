#include "fiber/stack_pool.h"

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "fiber/sanitizer.h"

namespace preempt::fiber {
namespace {

constexpr std::size_t kPageTableSpan = std::size_t{2} << 20;  // what one page of the page table maps

}  // namespace

StackPool::~StackPool() {
  while (arenas_ != nullptr) {
    Arena* arena = arenas_;
    arenas_ = arena->next;
    os::unmap(arena, arena->size);
  }
}

bool StackPool::add_arena() noexcept {
  for (std::size_t count = next_arena_stacks_; count > 0; count /= 2) {
    const std::size_t size = os::kPage + 2 * kPageTableSpan + count * stride();
    char* memory = static_cast<char*>(os::map_lazily(size));
    if (memory == nullptr) continue;
    auto* arena = reinterpret_cast<Arena*>(memory);
    *arena = {.next = arenas_, .size = size};
    arenas_ = arena;
    const std::uintptr_t after_head = reinterpret_cast<std::uintptr_t>(memory) + os::kPage;
    const std::uintptr_t aligned = (after_head + kPageTableSpan - 1) / kPageTableSpan * kPageTableSpan;
    fresh_ = reinterpret_cast<char*>(aligned + kPageTableSpan / 2);
    fresh_left_ = count;
    next_arena_stacks_ = std::min(count * 2, kMostArenaStacks);
    return true;
  }
  return false;
}

Stack StackPool::take() noexcept {
  char* guard;
  {
    const std::lock_guard hold(lock_);
    if (free_ != nullptr) {
      FreeStack* stack = free_;
      free_ = stack->next;
      return {.low = stack->low, .size = stack_size_};
    }
    if (fresh_left_ == 0 && !add_arena()) return {};
    guard = fresh_;
    fresh_ += stride();
    --fresh_left_;
  }
  if (os::guard(guard, os::kPage) == os::Guard::kMissing) unguarded_.fetch_add(1, std::memory_order_relaxed);
  register_stack(guard + os::kPage, guard + stride());
  return {.low = guard + os::kPage, .size = stack_size_};
}

void StackPool::give_back(Stack stack) noexcept {
  auto* node = reinterpret_cast<FreeStack*>(stack.high() - sizeof(FreeStack));
  const std::lock_guard hold(lock_);
  *node = {.next = free_, .low = stack.low};
  free_ = node;
}

}  // namespace preempt::fiber
