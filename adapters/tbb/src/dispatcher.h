// Runs bodies: one on the calling thread, or until a wait is over.
#ifndef PREEMPT_ADAPTERS_TBB_DISPATCHER_H_
#define PREEMPT_ADAPTERS_TBB_DISPATCHER_H_

#include <cstdint>
#include <utility>

#include "arena.h"
#include "headers.h"
#include "task_deque.h"
#include "thread_data.h"

namespace tbb::detail::r1 {

// The name is the headers' own: it may look into a wait_context.
class task_dispatcher {
 public:
  // Runs the task, and those that it returns one after the other, on this stack.
  static void run(thread_data& self, const task_entry& entry, d1::slot_id origin);

  // Until the count is 0. Meanwhile runs tasks of `context` and of those bound below it, never an unrelated one on this
  // stack; when there are none, sleeps. `first`, if any, is run before. Throws what a task of the context threw.
  static void wait(d1::wait_context& count, d1::task_group_context& context, d1::task* first = nullptr,
                   d1::task_group_context* context_of_first = nullptr);

  // Gives `context` its parent, the context of the body that this thread runs.
  static void bind(thread_data& self, d1::task_group_context& context);

 private:
  static bool must_wait(const d1::wait_context& count) { return count.continue_execution(); }
  static void run_until(thread_data& self, d1::wait_context& count, const d1::task_group_context& awaited);
  static bool run_one_of(thread_data& self, const d1::task_group_context& awaited);
  static void sleep_until(thread_data& self, d1::wait_context& count, const d1::task_group_context& awaited);
};

// One more body on the stack of this thread, of this context.
class body_scope {
 public:
  body_scope(thread_data& self, d1::task_group_context* context, std::intptr_t isolation);
  ~body_scope();
  body_scope(const body_scope&) = delete;
  body_scope& operator=(const body_scope&) = delete;

 private:
  attendance& now_;
  d1::task_group_context* const context_;
  const std::intptr_t isolation_;
};

// An outside thread counts in its implicit arena while it waits there, not in between.
class presence_scope {
 public:
  explicit presence_scope(thread_data& self) : now_(self.now), enters_(!self.is_present()) {
    if (!enters_) return;
    self.tell_entries();
    now_.in->enter(*now_.as);
  }
  ~presence_scope() {
    if (enters_) now_.in->leave(*now_.as);
  }
  presence_scope(const presence_scope&) = delete;
  presence_scope& operator=(const presence_scope&) = delete;

 private:
  attendance& now_;
  const bool enters_;
};

// What is spawned inside belongs to an isolated region, and waits inside run nothing else.
class isolation_scope {
 public:
  isolation_scope(thread_data& self, std::intptr_t tag)
      : now_(self.now), outer_(std::exchange(self.now.isolation, tag)) {}
  ~isolation_scope() { now_.isolation = outer_; }
  isolation_scope(const isolation_scope&) = delete;
  isolation_scope& operator=(const isolation_scope&) = delete;

 private:
  attendance& now_;
  const std::intptr_t outer_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_DISPATCHER_H_
