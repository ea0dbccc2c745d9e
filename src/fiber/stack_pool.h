// Memory for the stacks of workers and fibers.
#ifndef PREEMPT_FIBER_STACK_POOL_H_
#define PREEMPT_FIBER_STACK_POOL_H_

#include <atomic>
#include <cstddef>

#include "fiber/canary.h"
#include "os/lock.h"
#include "os/memory.h"

namespace preempt::fiber {

// A stack without its guard page, which is the page below `low`.
struct Stack {
  char* low = nullptr;
  std::size_t size = 0;
  bool is_guarded = true;  // else that page holds a canary
  char* high() const { return low + size; }
  explicit operator bool() const { return low != nullptr; }
  // False: it was full, and what lies below was overwritten.
  bool is_whole() const { return is_guarded || canary_is_alive(low - os::kPage); }
};

// Gives the memory below back to the kernel, if the stack was ever used so deep, and keeps kKeptOfStack bytes for what
// comes next. `stack_pointer` is that of a stack nobody runs on, or the caller's own.
inline constexpr std::size_t kKeptOfStack = 64 * 1024;
void shrink(const Stack& stack, const void* stack_pointer) noexcept;

// Stacks of one size in arenas that grow as they are needed and are unmapped together at the end. Committed page by
// page as touched; a stack that comes back stays warm (a map and unmap cycle costs 13 us). Thread safe; take() and
// give_back() may run in the scheduler: they allocate by mmap(2) alone.
//
// Where the size allows, arenas start 1 MiB into a 2 MiB stretch: then the guard page of one stack and the used top of
// the next lower one share a page of the page table.
class StackPool {
 public:
  explicit StackPool(std::size_t stack_size) : stack_size_(stack_size) {}
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;

  // A null stack when the kernel has no memory for one.
  Stack take() noexcept;
  void give_back(Stack stack) noexcept;

  // Stacks that had to go without a guard page.
  int unguarded() const noexcept { return unguarded_.load(std::memory_order_relaxed); }

 private:
  // Heads of arenas and of free stacks lie in the memory itself: an arena's in its own first page, a free stack's at
  // its high end, which is committed already.
  struct Arena {
    Arena* next;
    std::size_t size;
  };
  struct FreeStack {
    FreeStack* next;
    Stack stack;
  };

  bool add_arena() noexcept;
  std::size_t stride() const { return stack_size_ + os::kPage; }

  static constexpr std::size_t kFirstArenaStacks = 8;
  static constexpr std::size_t kMostArenaStacks = 1024;

  const std::size_t stack_size_;
  os::Lock lock_;
  Arena* arenas_ = nullptr;
  FreeStack* free_ = nullptr;
  char* fresh_ = nullptr;       // guard page of the next never used stack of the newest arena
  std::size_t fresh_left_ = 0;  // never used stacks left there
  std::size_t next_arena_stacks_ = kFirstArenaStacks;
  std::atomic<int> unguarded_ = 0;
};

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_STACK_POOL_H_
