// The user's thread indices of one arena: a started body has one from its first query to its end, and no two have the
// same. Who asks while all are taken waits.
#ifndef PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
#define PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_

#include <atomic>
#include <memory>

#include "parking.h"

namespace tbb::detail::r1 {

class index_pool {
 public:
  static constexpr int kNone = -1;

  explicit index_pool(int size) : size_(size), taken_(new std::atomic<bool>[static_cast<std::size_t>(size)]()) {}

  // The lowest free one at or above `first`, or else below it.
  int take(int first) {
    for (;;) {
      const int found = try_take(first);
      if (found != kNone) return found;
      wait_on(this, 0, [this] { return all_taken(); });
    }
  }
  void give_back(int index) {
    taken_[static_cast<std::size_t>(index)].store(false, std::memory_order_seq_cst);
    wake_one(this);
  }

 private:
  int try_take(int first) {
    for (int i = 0; i < size_; ++i) {
      const int index = (first + i) % size_;
      std::atomic<bool>& it = taken_[static_cast<std::size_t>(index)];
      if (!it.load(std::memory_order_relaxed) && !it.exchange(true, std::memory_order_acquire)) return index;
    }
    return kNone;
  }
  bool all_taken() const {
    for (int i = 0; i < size_; ++i) {
      if (!taken_[static_cast<std::size_t>(i)].load(std::memory_order_seq_cst)) return false;
    }
    return true;
  }

  const int size_;
  const std::unique_ptr<std::atomic<bool>[]> taken_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
