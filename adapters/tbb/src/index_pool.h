// The user's thread indices of one arena: a started body has one from its first query to its end, and no two have the
// same. Who asks while all are taken waits.
//
// A body that sleeps in a wait lends its index to the bodies that it waits for, one at a time: else they might wait for
// it to end. They have ended when the wait is over, so it gets its index back.
#ifndef PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
#define PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_

#include <memory>
#include <mutex>
#include <vector>

#include "contexts.h"
#include "headers.h"
#include "parking.h"
#include "short_lock.h"

namespace tbb::detail::r1 {

class index_pool {
 public:
  static constexpr int kNone = -1;

  explicit index_pool(int size) : places_(static_cast<std::size_t>(size)) {}

  // For a body of `context`: the first free one at or above `first`, or else at or above `lowest`, or else one that is
  // lent to it.
  int take(int first, int lowest, const d1::task_group_context& context) {
    int found = kNone;
    while ((found = try_take(first, lowest, context)) == kNone) {
      const unsigned seen = changes_.load(std::memory_order_seq_cst);
      if ((found = try_take(first, lowest, context)) != kNone) break;
      wait_on(this, 0, [&] { return changes_.load(std::memory_order_seq_cst) == seen; });
    }
    return found;
  }

  void give_back(int index) {
    {
      const short_lock::hold lock(lock_);
      place& it = places_[static_cast<std::size_t>(index)];
      (it.borrowed ? it.borrowed : it.taken) = false;
    }
    changed();
  }

  // The holder of the index sleeps until the bodies of `awaited` have ended.
  void lend(int index, const d1::task_group_context& awaited) {
    {
      const short_lock::hold lock(lock_);
      places_[static_cast<std::size_t>(index)].lent_to = &awaited;
    }
    changed();
  }
  // Its wait is over. A body counts down before it gives its index back, so it may be a moment late.
  void take_back(int index) {
    for (;;) {
      const unsigned seen = changes_.load(std::memory_order_seq_cst);
      {
        const short_lock::hold lock(lock_);
        place& it = places_[static_cast<std::size_t>(index)];
        it.lent_to = nullptr;
        if (!it.borrowed) return;
      }
      wait_on(this, 0, [&] { return changes_.load(std::memory_order_seq_cst) == seen; });
    }
  }

 private:
  struct place {
    bool taken = false;
    bool borrowed = false;
    const d1::task_group_context* lent_to = nullptr;
  };

  int try_take(int first, int lowest, const d1::task_group_context& context) {
    const short_lock::hold lock(lock_);
    const int size = static_cast<int>(places_.size());
    for (int i = 0; i < size; ++i) {
      const int index = (first + i) % size;
      place& it = places_[static_cast<std::size_t>(index)];
      if (!it.taken && index >= lowest) {
        it.taken = true;
        return index;
      }
    }
    for (int index = 0; index < size; ++index) {
      place& it = places_[static_cast<std::size_t>(index)];
      if (it.lent_to != nullptr && !it.borrowed && task_group_context_impl::is_within(context, *it.lent_to)) {
        it.borrowed = true;
        return index;
      }
    }
    return kNone;
  }

  void changed() {
    changes_.fetch_add(1, std::memory_order_seq_cst);
    wake_all(this);
  }

  short_lock lock_;
  std::vector<place> places_;
  std::atomic<unsigned> changes_{0};
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
