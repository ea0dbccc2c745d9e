#include "contexts.h"

#include <array>
#include <exception>
#include <thread>

#include "short_lock.h"

namespace tbb::detail::r1 {

// The name is the headers' own.
class tbb_exception_ptr {
 public:
  explicit tbb_exception_ptr(std::exception_ptr thrown) : thrown_(std::move(thrown)) {}
  [[noreturn]] void rethrow() const { std::rethrow_exception(thrown_); }

 private:
  std::exception_ptr thrown_;
};

namespace {

// Those of the children of a context.
class tree_locks {
 public:
  static short_lock& of(const d1::task_group_context* parent) {
    return table()[(reinterpret_cast<std::uintptr_t>(parent) >> 7) % kSize].lock;
  }

  // All of them, in order. Allocates nothing: the allocator's lock may be a stopped worker's.
  class hold_all {
   public:
    hold_all() {
      for (padded& each : table()) each.lock.acquire();
    }
    ~hold_all() {
      for (padded& each : table()) each.lock.release();
    }
    hold_all(const hold_all&) = delete;
    hold_all& operator=(const hold_all&) = delete;

   private:
    const preempt::NoPreempt here_;
  };

 private:
  static constexpr std::size_t kSize = 64;
  struct alignas(64) padded {
    short_lock lock;
  };
  static std::array<padded, kSize>& table() {
    static constinit std::array<padded, kSize> it;
    return it;
  }
};

constexpr std::uint8_t kHasChildren = 1;

}  // namespace

d1::task_group_context* task_group_context_impl::first_child(const d1::task_group_context& context) {
  return reinterpret_cast<d1::task_group_context*>(context.my_context_list);
}
d1::task_group_context* task_group_context_impl::next_sibling(const d1::task_group_context& context) {
  return reinterpret_cast<d1::task_group_context*>(context.my_node.my_next_node);
}
d1::task_group_context* task_group_context_impl::previous_sibling(const d1::task_group_context& context) {
  return reinterpret_cast<d1::task_group_context*>(context.my_node.my_prev_node);
}
void task_group_context_impl::set_first_child(d1::task_group_context& context, d1::task_group_context* child) {
  context.my_context_list = reinterpret_cast<context_list*>(child);
}
void task_group_context_impl::set_next_sibling(d1::task_group_context& context, d1::task_group_context* sibling) {
  context.my_node.my_next_node = reinterpret_cast<d1::intrusive_list_node*>(sibling);
}
void task_group_context_impl::set_previous_sibling(d1::task_group_context& context, d1::task_group_context* sibling) {
  context.my_node.my_prev_node = reinterpret_cast<d1::intrusive_list_node*>(sibling);
}

void task_group_context_impl::initialize(d1::task_group_context& context) {
  context.my_cpu_ctl_env = 0;
  context.my_cancellation_requested.store(0, std::memory_order_relaxed);
  context.my_may_have_children.store(0, std::memory_order_relaxed);
  context.my_parent = nullptr;
  context.my_context_list = nullptr;
  context.my_node.my_next_node = nullptr;
  context.my_node.my_prev_node = nullptr;
  context.my_exception.store(nullptr, std::memory_order_relaxed);
  set_identity(context);
  static_assert(sizeof(lineage) <= sizeof context.padding);
  std::memset(context.padding, 0, sizeof(lineage));
  if (context.my_traits.fp_settings) capture_settings(context);
  context.my_state.store(state::created, std::memory_order_release);
}

// Numbers are taken from a common counter by many at a time.
void task_group_context_impl::set_identity(d1::task_group_context& context) {
  static std::atomic<identity_t> next_block{1};
  constexpr identity_t kBlock = 1 << 16;
  [[gnu::tls_model("initial-exec")]] thread_local identity_t next = 0;
  if (next % kBlock == 0) next = next_block.fetch_add(1, std::memory_order_relaxed) * kBlock;
  context.my_itt_caller = reinterpret_cast<void*>(++next);
}

void task_group_context_impl::inherit(d1::task_group_context& context, const d1::task_group_context& parent) {
  lineage above;
  std::memcpy(&above, parent.padding, sizeof above);
  lineage own;
  own.ancestors[0] = identity(parent);
  std::copy(above.ancestors, above.ancestors + kAncestors - 1, own.ancestors + 1);
  std::memcpy(context.padding, &own, sizeof own);
}

void task_group_context_impl::destroy(d1::task_group_context& context) {
  if (context.my_state.load(std::memory_order_acquire) == state::bound) remove_child(context);
  if (context.my_may_have_children.load(std::memory_order_acquire) != 0) orphan_children(context);
  drop_exception(context);
  context.my_state.store(state::dead, std::memory_order_relaxed);
}

void task_group_context_impl::reset(d1::task_group_context& context) {
  drop_exception(context);
  context.my_cancellation_requested.store(0, std::memory_order_relaxed);
}

bool task_group_context_impl::cancel(d1::task_group_context& context) {
  if (context.my_cancellation_requested.exchange(1, std::memory_order_seq_cst) != 0) return false;
  if (context.my_may_have_children.load(std::memory_order_seq_cst) != 0) {
    const tree_locks::hold_all locks;
    mark_below(context);
  }
  return true;
}

void task_group_context_impl::fail(d1::task_group_context& context) {
  if (!cancel(context)) return;
  context.my_exception.store(new tbb_exception_ptr(std::current_exception()), std::memory_order_release);
}

void task_group_context_impl::rethrow(const tbb_exception_ptr& thrown) { thrown.rethrow(); }

void task_group_context_impl::drop_exception(d1::task_group_context& context) {
  if (context.my_exception.load(std::memory_order_acquire) == nullptr) return;
  delete context.my_exception.exchange(nullptr, std::memory_order_acq_rel);
}

void task_group_context_impl::bind_now(d1::task_group_context& context, d1::task_group_context* parent,
                                       const fp_environment& settings) {
  state expected = state::created;
  if (!context.my_state.compare_exchange_strong(expected, state::locked, std::memory_order_acquire)) {
    while (context.my_state.load(std::memory_order_acquire) == state::locked) std::this_thread::yield();
    return;
  }
  const preempt::NoPreempt here;
  const bool binds = context.my_traits.bound && parent != nullptr;
  if (!context.my_traits.fp_settings) {
    context.my_cpu_ctl_env = binds ? parent->my_cpu_ctl_env : settings.bits();
  }
  if (binds) {
    inherit(context, *parent);
    add_child(*parent, context);
  }
  context.my_state.store(binds ? state::bound : state::isolated, std::memory_order_release);
}

// A parent cancelled just now is seen here, or sees its child: each sets its own mark before it looks at the other's.
void task_group_context_impl::add_child(d1::task_group_context& parent, d1::task_group_context& child) {
  const short_lock::hold lock(tree_locks::of(&parent));
  std::atomic_ref(child.my_parent).store(&parent, std::memory_order_relaxed);
  d1::task_group_context* const former = first_child(parent);
  set_next_sibling(child, former);
  if (former != nullptr) set_previous_sibling(*former, &child);
  set_first_child(parent, &child);
  parent.my_may_have_children.store(kHasChildren, std::memory_order_seq_cst);
  if (parent.my_cancellation_requested.load(std::memory_order_seq_cst) != 0) {
    child.my_cancellation_requested.store(1, std::memory_order_relaxed);
  }
}

// The parent may be about to orphan it, and to end.
void task_group_context_impl::remove_child(d1::task_group_context& child) {
  std::atomic_ref parent_of_child(child.my_parent);
  d1::task_group_context* const parent = parent_of_child.load(std::memory_order_acquire);
  if (parent == nullptr) return;
  const short_lock::hold lock(tree_locks::of(parent));
  if (parent_of_child.load(std::memory_order_relaxed) == nullptr) return;
  d1::task_group_context* const next = next_sibling(child);
  d1::task_group_context* const previous = previous_sibling(child);
  previous != nullptr ? set_next_sibling(*previous, next) : set_first_child(*parent, next);
  if (next != nullptr) set_previous_sibling(*next, previous);
}

// A child's last word is its parent: without one it ends without the lock.
void task_group_context_impl::orphan_children(d1::task_group_context& context) {
  const short_lock::hold lock(tree_locks::of(&context));
  for (d1::task_group_context* child = first_child(context); child != nullptr;) {
    d1::task_group_context* const next = next_sibling(*child);
    set_next_sibling(*child, nullptr);
    set_previous_sibling(*child, nullptr);
    std::atomic_ref(child->my_parent).store(nullptr, std::memory_order_release);
    child = next;
  }
}

void task_group_context_impl::mark_below(d1::task_group_context& context) {
  for (d1::task_group_context* child = first_child(context); child != nullptr; child = next_sibling(*child)) {
    child->my_cancellation_requested.store(1, std::memory_order_seq_cst);
    mark_below(*child);
  }
}

void initialize(d1::task_group_context& context) { task_group_context_impl::initialize(context); }
void destroy(d1::task_group_context& context) { task_group_context_impl::destroy(context); }
void reset(d1::task_group_context& context) { task_group_context_impl::reset(context); }
bool cancel_group_execution(d1::task_group_context& context) { return task_group_context_impl::cancel(context); }
bool is_group_execution_cancelled(d1::task_group_context& context) {
  return task_group_context_impl::is_cancelled(context);
}
void capture_fp_settings(d1::task_group_context& context) { task_group_context_impl::capture_settings(context); }

}  // namespace tbb::detail::r1
