// Memory of small tasks. malloc is at its worst here: a task is made on one thread and destroyed on another. Model:
// Bonwick and Adams, "Magazines and Vmem" (USENIX 2001).
#include <atomic>
#include <new>
#include <utility>

#include "base/cache_line.h"
#include "fiber/sanitizer.h"
#include "preempt/detail/task.h"

namespace preempt::detail {
namespace {

// A sanitizer is to find a task that is used after its end.
constexpr bool kReuse = !fiber::kIsSanitized;

void* allocate_from_heap() { return ::operator new(kSmallTask, std::align_val_t(base::kCacheLine)); }
void free_to_heap(void* memory) { ::operator delete(memory, std::align_val_t(base::kCacheLine)); }

struct Block {
  Block* next;
};

// Free blocks by the number, so that whole ones are passed on.
struct Magazine {
  static constexpr int kCapacity = 64;
  Block* top = nullptr;
  int count = 0;

  void push(void* memory) {
    top = new (memory) Block{top};
    ++count;
  }
  void* pop() {
    Block* const block = top;
    top = block->next;
    __builtin_prefetch(top, /*rw=*/1);
    --count;
    return block;
  }
  void free_all() {
    while (count != 0) free_to_heap(pop());
    top = nullptr;
  }
};

// Full magazines for all threads: from those that destroy tasks to those that make them. Lock-free, since a task may be
// stopped in it; each slot is taken by one exchange, so there is no ABA. Bounds what is kept: 256 x 64 blocks, 1 MiB.
class Depot {
 public:
  bool give(const Magazine& full) {
    for (int i = 0; i < kSlots; ++i) {
      std::atomic<Block*>& slot = slots_[i];
      Block* none = nullptr;
      if (slot.load(std::memory_order_relaxed) == nullptr &&
          slot.compare_exchange_strong(none, full.top, std::memory_order_release, std::memory_order_relaxed)) {
        return true;
      }
    }
    return false;
  }

  bool take(Magazine& empty) {
    for (int i = 0; i < kSlots; ++i) {
      std::atomic<Block*>& slot = slots_[i];
      if (slot.load(std::memory_order_relaxed) == nullptr) continue;
      if (Block* const top = slot.exchange(nullptr, std::memory_order_acquire)) {
        empty = {.top = top, .count = Magazine::kCapacity};
        return true;
      }
    }
    return false;
  }

 private:
  static constexpr int kSlots = 256;
  alignas(base::kCacheLine) std::atomic<Block*> slots_[kSlots] = {};
};

constinit Depot depot;

// Two magazines, so that a thread on the border between a full and an empty one does not go to the depot each time.
struct Cache {
  Magazine loaded, previous;
  int heap_blocks = 0;  // to be had from the heap before the depot, which was empty, is looked at again
  bool closed = false;  // the thread is ending: what its last destructors free goes to the heap

  void give_all_back() {
    closed = true;
    for (Magazine* each : {&loaded, &previous}) {
      if (each->count < Magazine::kCapacity || !depot.give(*each)) each->free_all();
      *each = {};
    }
  }
};

// Trivial, so that the fast path asks for no initialisation; Closer is touched on the slow path only.
constinit thread_local Cache cache;
struct Closer {
  ~Closer() { cache.give_all_back(); }
  void touch() { asm volatile("" : : "r"(this)); }
};
thread_local Closer closer;

__attribute__((noinline)) void* allocate_slowly() {
  if (cache.closed) return allocate_from_heap();
  closer.touch();
  // A look at an empty depot reads all its slots: where tasks are only made, not for each of them.
  const bool looks = cache.previous.count == 0 && --cache.heap_blocks < 0;
  if (cache.previous.count != 0 || (looks && depot.take(cache.previous))) {
    std::swap(cache.loaded, cache.previous);
    cache.heap_blocks = 0;
    return cache.loaded.pop();
  }
  if (looks) cache.heap_blocks = Magazine::kCapacity;
  return allocate_from_heap();
}

__attribute__((noinline)) void free_slowly(void* memory) {
  if (cache.closed) return free_to_heap(memory);
  closer.touch();
  Magazine too_many;
  if (cache.previous.count != 0 && !depot.give(cache.previous)) too_many = cache.previous;
  cache.previous = std::exchange(cache.loaded, {});
  cache.loaded.push(memory);
  too_many.free_all();
}

}  // namespace

void* allocate_small_task() {
  if (!kReuse) return allocate_from_heap();
  return cache.loaded.count != 0 ? cache.loaded.pop() : allocate_slowly();
}

void free_small_task(void* memory) noexcept {
  if (!kReuse) return free_to_heap(memory);
  if (cache.loaded.count == Magazine::kCapacity || cache.closed) return free_slowly(memory);
  cache.loaded.push(memory);
}

}  // namespace preempt::detail
