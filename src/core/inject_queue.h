// Tasks that came from outside and stand in no processor's run queue yet.
#ifndef PREEMPT_CORE_INJECT_QUEUE_H_
#define PREEMPT_CORE_INJECT_QUEUE_H_

#include <atomic>

#include "base/cache_line.h"
#include "core/levels.h"

namespace preempt::core {

// Pushing is lock-free, because the pusher is any thread and may be stopped for long. A processor takes everything at
// once (so there is no ABA) and in order of arrival; others then steal from it.
class alignas(base::kCacheLine) InjectQueue {
 public:
  void push(detail::Runnable& runnable) {
    const LevelSet bit = LevelSet{1} << runnable.level;  // after the push the runnable may be gone
    detail::Runnable* head = head_.load(std::memory_order_relaxed);
    do {
      runnable.next = head;
      // Sequentially consistent: pairs with IdleProcessors, see Scheduler::work_arrived().
    } while (!head_.compare_exchange_weak(head, &runnable, std::memory_order_seq_cst, std::memory_order_relaxed));
    // After the push: a taker that clears the hint before it takes can leave it set for nothing, never unset.
    if ((levels_.load(std::memory_order_relaxed) & bit) == 0) levels_.fetch_or(bit, std::memory_order_relaxed);
  }

  bool empty() const { return head_.load(std::memory_order_seq_cst) == nullptr; }

  // Levels that wait here. A hint: may name one whose tasks were just taken.
  LevelSet waiting() const { return empty() ? 0 : lately_waiting(); }
  // The same without a look at what each submitter writes: names levels of tasks that came lately.
  LevelSet lately_waiting() const { return levels_.load(std::memory_order_relaxed); }

  // The whole queue linked by `next`, oldest first; null when empty.
  detail::Runnable* take_all() {
    if (head_.load(std::memory_order_relaxed) == nullptr) return nullptr;
    // A single level stays set: clearing it would only make the next pusher set it again.
    const LevelSet levels = levels_.load(std::memory_order_relaxed);
    if ((levels & (levels - 1)) != 0) levels_.store(0, std::memory_order_relaxed);
    detail::Runnable* newest_first = head_.exchange(nullptr, std::memory_order_seq_cst);
    detail::Runnable* oldest_first = nullptr;
    while (newest_first != nullptr) {
      detail::Runnable* next = newest_first->next;
      newest_first->next = oldest_first;
      oldest_first = newest_first;
      newest_first = next;
    }
    return oldest_first;
  }

 private:
  std::atomic<detail::Runnable*> head_ = nullptr;
  alignas(base::kCacheLine) std::atomic<LevelSet> levels_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_INJECT_QUEUE_H_
