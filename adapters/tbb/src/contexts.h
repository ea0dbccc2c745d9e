// Contexts: what cancels together, what was thrown, and the floating-point settings of its tasks.
//
// A context is bound to its parent when it is first used in a task of the parent. Cancelling copies the mark to all
// that are bound below, so that asking is one load. A parent that ends orphans its children. The children of a context
// are guarded by one of a few locks, chosen by the parent's address; who cancels takes them all. Model: oneTBB's
// published rules of task_group_context.
#ifndef PREEMPT_ADAPTERS_TBB_CONTEXTS_H_
#define PREEMPT_ADAPTERS_TBB_CONTEXTS_H_

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "fp_environment.h"
#include "headers.h"

namespace tbb::detail::r1 {

struct task_group_context_impl {
  static void initialize(d1::task_group_context& context);
  static void destroy(d1::task_group_context& context);
  static void reset(d1::task_group_context& context);
  static bool cancel(d1::task_group_context& context);

  // The first use decides, once: bound to `parent` unless there is none or the context wants to be isolated.
  // `settings`: of a context that neither captured its own nor has a parent.
  static void bind(d1::task_group_context& context, d1::task_group_context* parent, const fp_environment& settings) {
    if (context.my_state.load(std::memory_order_acquire) <= state::locked) bind_now(context, parent, settings);
  }

  static bool is_cancelled(const d1::task_group_context& context) {
    return context.my_cancellation_requested.load(std::memory_order_relaxed) != 0;
  }
  static fp_environment settings(const d1::task_group_context& context) {
    return fp_environment(context.my_cpu_ctl_env);
  }
  static void capture_settings(d1::task_group_context& context) {
    context.my_cpu_ctl_env = fp_environment::current().bits();
    context.my_traits.fp_settings = true;
  }

  // Whether tasks of `context` are part of what a wait for `awaited` waits for: it is the same, or was bound below it,
  // not more than kAncestors levels deep. The context of a task that has not run is alive.
  static bool is_within(const d1::task_group_context& context, const d1::task_group_context& awaited) {
    return &context == &awaited || names(context, identity(awaited));
  }

  // In a catch block: cancels, and keeps what was thrown if nobody was before.
  static void fail(d1::task_group_context& context);
  // Throws what a task threw. It is kept until reset(): outer waits for the same context throw it, too.
  static void rethrow(d1::task_group_context& context) {
    if (const tbb_exception_ptr* const thrown = context.my_exception.load(std::memory_order_acquire)) rethrow(*thrown);
  }

 private:
  using state = d1::task_group_context::state;

  static void bind_now(d1::task_group_context& context, d1::task_group_context* parent, const fp_environment& settings);
  [[noreturn]] static void rethrow(const tbb_exception_ptr& thrown);
  static void drop_exception(d1::task_group_context& context);
  static void add_child(d1::task_group_context& parent, d1::task_group_context& child);
  static void remove_child(d1::task_group_context& child);
  static void orphan_children(d1::task_group_context& context);
  static void mark_below(d1::task_group_context& context);

  // Who this is and who was above it: numbers, since those above may be gone. They live where the headers leave room.
  static constexpr std::size_t kAncestors = 7;
  using identity_t = std::uint64_t;
  struct lineage {
    identity_t ancestors[kAncestors];  // nearest first; 0: none
  };
  static identity_t identity(const d1::task_group_context& context) {
    return reinterpret_cast<identity_t>(context.my_itt_caller);
  }
  static void set_identity(d1::task_group_context& context);
  static void inherit(d1::task_group_context& context, const d1::task_group_context& parent);
  static bool names(const d1::task_group_context& context, identity_t who) {
    lineage known;
    std::memcpy(&known, context.padding, sizeof known);
    return who != 0 && std::find(known.ancestors, known.ancestors + kAncestors, who) != known.ancestors + kAncestors;
  }

  // The links of the tree live in fields that the headers reserve for lists of contexts.
  static d1::task_group_context* first_child(const d1::task_group_context& context);
  static d1::task_group_context* next_sibling(const d1::task_group_context& context);
  static d1::task_group_context* previous_sibling(const d1::task_group_context& context);
  static void set_first_child(d1::task_group_context& context, d1::task_group_context* child);
  static void set_next_sibling(d1::task_group_context& context, d1::task_group_context* sibling);
  static void set_previous_sibling(d1::task_group_context& context, d1::task_group_context* sibling);
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_CONTEXTS_H_
