#include "fiber/stack_pool.h"

#include <algorithm>
#include <cstdint>
#include <mutex>

#include "fiber/sanitizer.h"

namespace preempt::fiber {
namespace {

constexpr std::size_t kPageTableSpan = std::size_t{2} << 20;  // what one page of the page table maps

}  // namespace

void shrink(const Stack& stack, const void* stack_pointer) noexcept {
  const std::uintptr_t low = reinterpret_cast<std::uintptr_t>(stack.low);
  const std::uintptr_t end = (reinterpret_cast<std::uintptr_t>(stack_pointer) - kKeptOfStack) & ~(os::kPage - 1);
  if (low < end) os::discard(stack.low, end - low);
}

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
      FreeStack* free = free_;
      free_ = free->next;
      return free->stack;
    }
    if (fresh_left_ == 0 && !add_arena()) return {};
    guard = fresh_;
    fresh_ += stride();
    --fresh_left_;
  }
  const bool is_guarded = os::guard(guard, os::kPage) == os::Guard::kInstalled;
  if (!is_guarded) {
    unguarded_.fetch_add(1, std::memory_order_relaxed);
    plant_canary(guard);
  }
  register_stack(guard + os::kPage, guard + stride());
  return {.low = guard + os::kPage, .size = stack_size_, .is_guarded = is_guarded};
}

void StackPool::give_back(Stack stack) noexcept {
  auto* node = reinterpret_cast<FreeStack*>(stack.high() - sizeof(FreeStack));
  const std::lock_guard hold(lock_);
  *node = {.next = free_, .stack = stack};
  free_ = node;
}

}  // namespace preempt::fiber
