#include "index_pool.h"

#include "contexts.h"
#include "parking.h"

namespace tbb::detail::r1 {

index_pool::claim index_pool::take(int first, int lowest, const d1::task_group_context& context) {
  for (;;) {
    const unsigned seen = changes_.load(std::memory_order_seq_cst);
    const claim found = try_take(first, lowest, context);
    if (found.index != kNone) return found;
    await_change(seen);
  }
}

index_pool::claim index_pool::try_take(int first, int lowest, const d1::task_group_context& context) {
  const short_lock::hold lock(lock_);
  const int size = static_cast<int>(taken_.size());
  for (int i = 0; i < size; ++i) {
    const int index = (first + i) % size;
    if (taken_[static_cast<std::size_t>(index)] || index < lowest) continue;
    taken_[static_cast<std::size_t>(index)] = true;
    return {index, nullptr};
  }
  for (loan* each = loans_; each != nullptr; each = each->next) {
    if (each->is_taken || !task_group_context_impl::is_within(context, *each->awaited)) continue;
    each->is_taken = true;
    return {each->index, each};
  }
  return {};
}

void index_pool::give_back(const claim& it) {
  {
    const short_lock::hold lock(lock_);
    if (it.from != nullptr) {
      it.from->is_taken = false;
    } else {
      taken_[static_cast<std::size_t>(it.index)] = false;
    }
  }
  changed();
}

void index_pool::lend(loan& it) {
  {
    const short_lock::hold lock(lock_);
    it.next = loans_;
    loans_ = &it;
  }
  changed();
}

void index_pool::take_back(loan& it) {
  for (;;) {
    const unsigned seen = changes_.load(std::memory_order_seq_cst);
    {
      const short_lock::hold lock(lock_);
      if (!it.is_taken) return remove(it);
    }
    await_change(seen);
  }
}

void index_pool::remove(loan& it) {
  loan** link = &loans_;
  while (*link != &it) link = &(*link)->next;
  *link = it.next;
}

void index_pool::await_change(unsigned seen) {
  wait_on(this, 0, [this, seen] { return changes_.load(std::memory_order_seq_cst) == seen; });
}

void index_pool::changed() {
  changes_.fetch_add(1, std::memory_order_seq_cst);
  wake_all(this);
}

}  // namespace tbb::detail::r1
