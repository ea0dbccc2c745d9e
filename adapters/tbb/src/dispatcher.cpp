#include "dispatcher.h"

#include <utility>

#include "contexts.h"
#include "parking.h"
#include "runtime.h"
#include "spin.h"
#include "task_access.h"

namespace tbb::detail::r1 {
namespace {

using contexts = task_group_context_impl;

// What throws is cancelled like those that have not begun: only so does it free what it owns. Its context is, by then.
d1::task* step(d1::task& task, d1::execution_data& data) {
  if (!contexts::is_cancelled(*data.context)) {
    try {
      return task.execute(data);
    } catch (...) {
      if (global_control_active_value(d1::global_control::terminate_on_exception) == 1) std::terminate();
      contexts::fail(*data.context);
    }
  }
  return task.cancel(data);
}

// Floating-point settings as they are, and back again.
class fp_scope {
 public:
  explicit fp_scope(thread_data& self) : self_(self), outer_(self.fp), actual_(fp_environment::current()) {
    self.fp = actual_;
  }
  ~fp_scope() {
    if (self_.fp != actual_) actual_.apply();
    self_.fp = outer_;
  }
  fp_scope(const fp_scope&) = delete;
  fp_scope& operator=(const fp_scope&) = delete;

 private:
  thread_data& self_;
  const fp_environment outer_;
  const fp_environment actual_;
};

}  // namespace

body_scope::body_scope(thread_data& self, d1::task_group_context* context, std::intptr_t isolation)
    : now_(self.now),
      context_(std::exchange(self.now.context, context)),
      isolation_(std::exchange(self.now.isolation, isolation)) {
  ++now_.depth;
}

body_scope::~body_scope() {
  if (now_.claim.index != index_pool::kNone && now_.claim_depth == now_.depth) thread_data::get().end_index();
  --now_.depth;
  now_.context = context_;
  now_.isolation = isolation_;
}

void task_dispatcher::run(thread_data& self, const task_entry& entry, d1::slot_id origin) {
  const body_scope body(self, entry.context, entry.isolation);
  const fp_environment settings = contexts::settings(*entry.context);
  d1::execution_data data{entry.context, origin, d1::no_slot};
  for (d1::task* task = entry.task; task != nullptr;) {
    if (self.fp != settings) {
      settings.apply();
      self.fp = settings;
    }
    self.now.as->begin_body();
    task = step(*task, data);
  }
}

void task_dispatcher::bind(thread_data& self, d1::task_group_context& context) {
  d1::task_group_context& outermost = self.now.in->default_context();
  d1::task_group_context* const parent = self.now.context == &outermost ? nullptr : self.now.context;
  contexts::bind(context, parent, contexts::settings(outermost));
}

void task_dispatcher::wait(d1::wait_context& count, d1::task_group_context& context, d1::task* first,
                           d1::task_group_context* context_of_first) {
  thread_data& self = thread_data::attached();
  bind(self, context);
  {
    const presence_scope present(self);
    const fp_scope settings(self);
    const std::intptr_t isolation = self.now.isolation;
    if (first != nullptr) {
      bind(self, *context_of_first);
      task_accessor::set_entry(*first, *context_of_first, isolation);
      run(self, task_accessor::entry(*first), self.now.as->id);
      self.now.in->go_on(*self.now.as, true);
    }
    run_until(self, count, context);
  }
  contexts::rethrow(context);
}

void task_dispatcher::run_until(thread_data& self, d1::wait_context& count, const d1::task_group_context& awaited) {
  const bool alone = runtime::default_concurrency() == 1;
  spin_wait spin(spin_wait::kBeforeSleep);
  while (must_wait(count)) {
    if (run_one_of(self, awaited)) {
      spin.restart();
    } else if (alone || !spin.go_on()) {
      sleep_until(self, count, awaited);
    }
  }
}

// False: the task in front, if any, is none that this waiter may run. Somebody else will.
bool task_dispatcher::run_one_of(thread_data& self, const d1::task_group_context& awaited) {
  task_entry entry;
  d1::slot_id origin;
  if (!self.now.in->find_spawned(self, entry, origin)) return false;
  const bool is_of_this_region = self.now.isolation == 0 || entry.isolation == self.now.isolation;
  if (!is_of_this_region || !contexts::is_within(*entry.context, awaited)) {
    self.now.in->put_back(self, entry, origin);
    return false;
  }
  run(self, entry, origin);
  self.now.in->go_on(*self.now.as, true);
  return true;
}

void task_dispatcher::sleep_until(thread_data& self, d1::wait_context& count, const d1::task_group_context& awaited) {
  arena& in = *self.now.in;
  index_pool::loan loan{.index = self.now.claim.index, .awaited = &awaited};
  const bool lends = loan.index != index_pool::kNone;
  if (lends) in.indices().lend(loan);
  in.sleep(*self.now.as);
  while (must_wait(count)) wait_on(&count, 0, [&] { return must_wait(count); });
  in.wake(*self.now.as);
  if (lends) in.indices().take_back(loan);
}

void notify_waiters(std::uintptr_t wait_context_address) {
  wake_all_after_barrier(reinterpret_cast<const void*>(wait_context_address));  // of the count, which is 0 now
}

void spawn(d1::task& task, d1::task_group_context& context) {
  thread_data& self = thread_data::attached();
  task_dispatcher::bind(self, context);
  task_accessor::set_entry(task, context, self.now.isolation);
  self.now.in->spawn(*self.now.as, task);
}

// The slot is a hint where the data may be in a cache: bodies move with the executor's workers, so it is not taken.
void spawn(d1::task& task, d1::task_group_context& context, d1::slot_id) { r1::spawn(task, context); }

void execute_and_wait(d1::task& task, d1::task_group_context& task_context, d1::wait_context& count,
                      d1::task_group_context& context) {
  task_dispatcher::wait(count, context, &task, &task_context);
}

void wait(d1::wait_context& count, d1::task_group_context& context) { task_dispatcher::wait(count, context); }

d1::task_group_context* current_context() {
  const thread_data& self = thread_data::attached();
  return self.now.depth == 0 ? nullptr : self.now.context;
}

// The headers ask with their data for an identity to compare; users, without, for an index of their own.
d1::slot_id execution_slot(const d1::execution_data* data) {
  thread_data* const self = thread_data::get_if_any();
  if (self == nullptr || self->now.in == nullptr) return d1::slot_id(-1);
  return data != nullptr ? self->now.as->id : static_cast<d1::slot_id>(self->index());
}

}  // namespace tbb::detail::r1
