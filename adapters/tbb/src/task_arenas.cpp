// The entry points of task_arena and of this_task_arena.
#include <preempt/checkpoint.h>

#include <chrono>
#include <exception>
#include <utility>

#include "arena.h"
#include "contexts.h"
#include "dispatcher.h"
#include "runtime.h"
#include "task_access.h"
#include "thread_data.h"

namespace tbb::detail::r1 {

struct task_arena_impl {
  static arena* of(const d1::task_arena_base& it) { return it.my_arena.load(std::memory_order_acquire); }
  static void set(d1::task_arena_base& it, arena* to) { it.my_arena.store(to, std::memory_order_release); }

  static void initialize(d1::task_arena_base& it) {
    runtime::get().add_user();
    if (it.my_max_concurrency < 1) it.my_max_concurrency = runtime::default_concurrency();
    set(it, new arena({.concurrency = it.my_max_concurrency,
                       .reserved = static_cast<int>(it.my_num_reserved_slots),
                       .priority = it.my_priority}));
  }

  static bool attach(d1::task_arena_base& it) {
    const thread_data* const self = thread_data::get_if_any();
    if (self == nullptr || self->now.in == nullptr) return false;
    runtime::get().add_user();
    self->now.in->add_reference();
    it.my_num_reserved_slots = static_cast<unsigned>(self->now.in->reserved());
    it.my_max_concurrency = self->now.in->concurrency();
    set(it, self->now.in);
    return true;
  }

  static int max_concurrency(const d1::task_arena_base& it) {
    if (const arena* const known = of(it)) return known->concurrency();
    return it.my_max_concurrency > 0 ? it.my_max_concurrency : runtime::default_concurrency();
  }
};

namespace {

// A thread in an arena that is not its own, for the time of a functor.
class visit {
 public:
  visit(thread_data& self, arena& to, participant& as) : self_(self), outside_(std::exchange(self.now, {})) {
    self.now.in = &to;
    self.now.as = &as;
    self.tell_entries();
  }
  ~visit() {
    observer_list::tell_exits(self_.now.told, false);
    self_.end_index();
    self_.now.in->leave(*self_.now.as);
    participant_list::give_back(*self_.now.as);
    self_.now = std::move(outside_);
  }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;

 private:
  thread_data& self_;
  attendance outside_;
};

void run_here(thread_data& self, d1::delegate_base& functor) {
  const body_scope body(self, &self.now.in->default_context(), 0);
  functor();
}

// A functor for whose thread there was no room in the arena, as a task of it.
class delegated final : public d1::task {
 public:
  delegated(d1::delegate_base& functor, d1::wait_context& done) : functor_(functor), done_(done) {}

  d1::task* execute(d1::execution_data&) override {
    try {
      functor_();
    } catch (...) {
      thrown_ = std::current_exception();
    }
    done_.release();
    return nullptr;
  }
  d1::task* cancel(d1::execution_data& data) override { return execute(data); }

  void rethrow() {
    if (thrown_ != nullptr) std::rethrow_exception(thrown_);
  }

 private:
  d1::delegate_base& functor_;
  d1::wait_context& done_;
  std::exception_ptr thrown_;
};

void delegate(arena& to, d1::delegate_base& functor) {
  d1::wait_context done(1);
  d1::task_group_context context(d1::task_group_context::isolated);
  delegated task(functor, done);
  thread_data& self = thread_data::attached();
  task_dispatcher::bind(self, context);
  task_accessor::set_entry(task, to.default_context(), 0);
  to.enqueue(task);
  task_dispatcher::wait(done, context);
  task.rethrow();
}

void enqueue_in(arena& it, d1::task& task, d1::task_group_context& context) {
  task_accessor::set_entry(task, context, 0);
  it.enqueue(task);
}

arena& arena_or_own(d1::task_arena_base* it) {
  return it != nullptr ? *task_arena_impl::of(*it) : *thread_data::attached().now.in;
}

}  // namespace

void initialize(d1::task_arena_base& it) { task_arena_impl::initialize(it); }
bool attach(d1::task_arena_base& it) { return task_arena_impl::attach(it); }
int max_concurrency(const d1::task_arena_base* it) {
  if (it != nullptr) return task_arena_impl::max_concurrency(*it);
  const thread_data* const self = thread_data::get_if_any();
  return self != nullptr && self->now.in != nullptr ? self->now.in->concurrency() : runtime::default_concurrency();
}

void terminate(d1::task_arena_base& it) {
  arena* const former = task_arena_impl::of(it);
  task_arena_impl::set(it, nullptr);
  former->release();
  runtime::get().remove_user();
}

void execute(d1::task_arena_base& it, d1::delegate_base& functor) {
  arena& to = *task_arena_impl::of(it);
  thread_data& self = thread_data::get();
  if (self.now.in == &to) {
    const presence_scope present(self);
    return run_here(self, functor);
  }
  participant& as = to.take_participant();
  as.become(presence::master);
  if (!to.try_enter(as)) {
    participant_list::give_back(as);
    return delegate(to, functor);
  }
  const visit here(self, to, as);
  run_here(self, functor);
}

// Until nothing of the arena waits to be run, nor runs in a worker.
void wait(d1::task_arena_base& it) {
  const arena& awaited = *task_arena_impl::of(it);
  while (!awaited.is_quiet()) preempt::sleep_for(std::chrono::milliseconds(1));
}

void isolate_within_arena(d1::delegate_base& functor, std::intptr_t isolation) {
  thread_data& self = thread_data::attached();
  const std::intptr_t tag = isolation != 0 ? isolation : reinterpret_cast<std::intptr_t>(&functor);
  const isolation_scope here(self, tag);
  functor();
}

void enqueue(d1::task& task, d1::task_arena_base* it) {
  arena& to = arena_or_own(it);
  enqueue_in(to, task, to.default_context());
}

void enqueue(d1::task& task, d1::task_group_context& context, d1::task_arena_base* it) {
  task_dispatcher::bind(thread_data::attached(), context);
  enqueue_in(arena_or_own(it), task, context);
}

// Of a flow graph, into the arena of the graph.
void submit(d1::task& task, d1::task_group_context& context, arena* to, std::uintptr_t as_critical) {
  thread_data& self = thread_data::attached();
  task_dispatcher::bind(self, context);
  task_accessor::set_entry(task, context, self.now.isolation);
  if (as_critical != 0) {
    to->enqueue_urgent(task);
  } else if (self.now.in == to) {
    to->spawn(*self.now.as, task);
  } else {
    to->enqueue(task);
  }
}

}  // namespace tbb::detail::r1
