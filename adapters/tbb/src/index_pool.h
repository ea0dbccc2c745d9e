// The user's thread indices of one arena: a started body has one from its first query to its end, and no two have the
// same. Who asks while all are taken waits.
//
// A body that sleeps in a wait lends its index to the bodies that it waits for, one at a time: else they might wait for
// it to end. They have ended when the wait is over, so it gets its index back. Who has borrowed one may lend it in
// turn.
#ifndef PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
#define PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_

#include <atomic>
#include <vector>

#include "headers.h"
#include "short_lock.h"

namespace tbb::detail::r1 {

class index_pool {
 public:
  static constexpr int kNone = -1;

  // An index while its holder sleeps; lives on the holder's stack.
  struct loan {
    int index;
    const d1::task_group_context* awaited;
    bool is_taken = false;
    loan* next = nullptr;
  };

  // What a body has.
  struct claim {
    int index = kNone;
    loan* from = nullptr;  // null: the pool itself
  };

  explicit index_pool(int size) : taken_(static_cast<std::size_t>(size)) {}

  // For a body of `context`: the first free one at or above `first`, or else at or above `lowest`, or else one that is
  // lent to it.
  claim take(int first, int lowest, const d1::task_group_context& context);
  void give_back(const claim& it);

  // Its holder sleeps until the bodies of `awaited` have ended.
  void lend(loan& it);
  // The wait is over. A body counts down before it gives its index back, so it may be a moment late.
  void take_back(loan& it);

 private:
  claim try_take(int first, int lowest, const d1::task_group_context& context);
  void remove(loan& it);
  // Until something has changed since.
  void await_change(unsigned seen);
  void changed();

  short_lock lock_;
  std::vector<bool> taken_;
  loan* loans_ = nullptr;
  std::atomic<unsigned> changes_{0};
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_INDEX_POOL_H_
