// Spawned tasks of one participant: last in, first out for itself, first in, first out for thieves.
//
// Chase and Lev, Dynamic Circular Work-Stealing Deque (SPAA 2005), with the memory orders of Le, Pop, Cohen, Zappa
// Nardelli, Correct and Efficient Work-Stealing for Weak Memory Models (PPoPP 2013). A thief must not look into a task
// that it does not have yet: another one may have run it by then.
#ifndef PREEMPT_ADAPTERS_TBB_TASK_DEQUE_H_
#define PREEMPT_ADAPTERS_TBB_TASK_DEQUE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "headers.h"

namespace tbb::detail::r1 {

struct task_entry {
  d1::task* task;
  d1::task_group_context* context;
  std::intptr_t isolation;
};

class task_deque {
 public:
  enum class theft { taken, nothing, lost };

  task_deque() { ring_.store(make_ring(kFirstCapacity), std::memory_order_relaxed); }

  // Owner. A full barrier: the entry is visible before anything that the caller reads afterwards.
  void push(const task_entry& entry) {
    const std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    const std::int64_t top = top_.load(std::memory_order_acquire);
    ring* cells = ring_.load(std::memory_order_relaxed);
    if (bottom - top >= cells->capacity) cells = grow(top, bottom);
    cells->put(bottom, entry);
    bottom_.exchange(bottom + 1, std::memory_order_seq_cst);
  }

  // Owner. The newest entry.
  bool pop(task_entry& entry) {
    std::int64_t bottom = bottom_.load(std::memory_order_relaxed);
    if (bottom <= top_.load(std::memory_order_relaxed)) return false;
    entry = ring_.load(std::memory_order_relaxed)->get(--bottom);
    bottom_.exchange(bottom, std::memory_order_seq_cst);
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top < bottom) return true;
    // The last one: whoever moves the top has it.
    const bool won = top == bottom && top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst);
    bottom_.store(bottom + 1, std::memory_order_relaxed);
    return won;
  }

  // Anyone. The oldest entry.
  theft steal(task_entry& entry) {
    std::int64_t top = top_.load(std::memory_order_seq_cst);
    if (top >= bottom_.load(std::memory_order_seq_cst)) return theft::nothing;
    entry = ring_.load(std::memory_order_acquire)->get(top);
    return top_.compare_exchange_strong(top, top + 1, std::memory_order_seq_cst) ? theft::taken : theft::lost;
  }

  bool empty() const { return top_.load(std::memory_order_seq_cst) >= bottom_.load(std::memory_order_seq_cst); }

 private:
  static constexpr std::int64_t kFirstCapacity = 64;

  // Words on their own: a thief may read one that is being overwritten, and then loses the race for the top.
  struct cell {
    std::atomic<d1::task*> task;
    std::atomic<d1::task_group_context*> context;
    std::atomic<std::intptr_t> isolation;
  };

  struct ring {
    explicit ring(std::int64_t size) : capacity(size), cells(new cell[static_cast<std::size_t>(size)]) {}

    void put(std::int64_t at, const task_entry& entry) {
      cell& it = cells[static_cast<std::size_t>(at & (capacity - 1))];
      it.task.store(entry.task, std::memory_order_relaxed);
      it.context.store(entry.context, std::memory_order_relaxed);
      it.isolation.store(entry.isolation, std::memory_order_relaxed);
    }
    task_entry get(std::int64_t at) const {
      const cell& it = cells[static_cast<std::size_t>(at & (capacity - 1))];
      return {it.task.load(std::memory_order_relaxed), it.context.load(std::memory_order_relaxed),
              it.isolation.load(std::memory_order_relaxed)};
    }

    const std::int64_t capacity;
    std::unique_ptr<cell[]> cells;
  };

  ring* grow(std::int64_t top, std::int64_t bottom) {
    const ring* const old = ring_.load(std::memory_order_relaxed);
    ring* const bigger = make_ring(2 * old->capacity);
    for (std::int64_t at = top; at < bottom; ++at) bigger->put(at, old->get(at));
    ring_.store(bigger, std::memory_order_release);
    return bigger;
  }
  ring* make_ring(std::int64_t capacity) {
    rings_.push_back(std::make_unique<ring>(capacity));
    return rings_.back().get();
  }

  alignas(64) std::atomic<std::int64_t> top_{0};
  alignas(64) std::atomic<std::int64_t> bottom_{0};
  std::atomic<ring*> ring_{nullptr};
  std::vector<std::unique_ptr<ring>> rings_;  // old ones, too: a thief may still read there
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_TASK_DEQUE_H_
