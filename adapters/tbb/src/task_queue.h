// Enqueued tasks: first in, first out for everybody.
#ifndef PREEMPT_ADAPTERS_TBB_TASK_QUEUE_H_
#define PREEMPT_ADAPTERS_TBB_TASK_QUEUE_H_

#include <atomic>

#include "headers.h"
#include "short_lock.h"
#include "task_access.h"

namespace tbb::detail::r1 {

class task_queue {
 public:
  // A full barrier, as task_deque::push().
  void push(d1::task& task) {
    const short_lock::hold lock(lock_);
    task_accessor::set_next(task, nullptr);
    if (last_ != nullptr) {
      task_accessor::set_next(*last_, &task);
    } else {
      first_ = &task;
    }
    last_ = &task;
    size_.fetch_add(1, std::memory_order_seq_cst);
  }

  // The oldest.
  bool pop(task_entry& entry) {
    if (empty()) return false;
    const short_lock::hold lock(lock_);
    if (first_ == nullptr) return false;
    d1::task& task = *first_;
    entry = task_accessor::entry(task);
    first_ = task_accessor::next(task);
    if (first_ == nullptr) last_ = nullptr;
    size_.fetch_sub(1, std::memory_order_relaxed);
    return true;
  }

  bool empty() const { return size_.load(std::memory_order_seq_cst) == 0; }

 private:
  short_lock lock_;
  d1::task* first_ = nullptr;
  d1::task* last_ = nullptr;
  std::atomic<int> size_{0};
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_TASK_QUEUE_H_
