// Waiting for another task: setting a fiber aside until it is woken. Model: gopark() and goready() in Go's
// src/runtime/proc.go. Steps and who may run between them: README.md, "Waiting".
#include <algorithm>
#include <climits>

#include "core/scheduler.h"
#include "core/waiter.h"
#include "os/saved_errno.h"

namespace preempt::core {
namespace {

void sleep_on_thread(Waiter& waiter, Nanos deadline) {
  for (;;) {
    std::uint32_t seen = waiter.state.load(std::memory_order_acquire);
    if (seen == Waiter::kWoken || seen == Waiter::kTimedOut) return;
    const bool may_time_out = seen == Waiter::kAwake && deadline != os::kNever;
    os::futex_wait(waiter.state, seen, may_time_out ? deadline : os::kNever);
    if (!may_time_out || os::now() < deadline) continue;
    waiter.state.compare_exchange_strong(seen, Waiter::kTimedOut, std::memory_order_acq_rel);
  }
}

}  // namespace

bool wait(Waiter& waiter, Nanos deadline) {
  const os::SavedErrno saved_errno;
  fiber::Gate* gate = fiber::current_gate();
  if (gate == nullptr) {
    sleep_on_thread(waiter, deadline);
  } else if (!Scheduler::suspend(*gate, waiter, deadline)) {
    Scheduler::begin_blocking(*gate, Scheduler::Leave::kNow);
    sleep_on_thread(waiter, deadline);
    Scheduler::end_blocking(*gate);
  }
  return waiter.state.load(std::memory_order_acquire) == Waiter::kWoken;
}

bool claim(Waiter& waiter) {
  std::uint32_t seen = waiter.state.load(std::memory_order_relaxed);
  while (seen != Waiter::kTimedOut) {
    const std::uint32_t claimed = seen == Waiter::kSuspended ? Waiter::kSuspendedClaimed : Waiter::kClaimed;
    if (waiter.state.compare_exchange_weak(seen, claimed, std::memory_order_relaxed)) return true;
  }
  return false;
}

void deliver(Waiter& waiter) {
  os::FutexWord& word = waiter.state;
  std::uint32_t seen = Waiter::kClaimed;
  // A thread, or a fiber that is on its way and will see it.
  if (word.compare_exchange_strong(seen, Waiter::kWoken, std::memory_order_acq_rel)) {
    return os::futex_wake(word, INT_MAX);
  }
  fiber::Fiber& fiber = *waiter.fiber;
  Scheduler& scheduler = *waiter.scheduler;
  word.store(Waiter::kWoken, std::memory_order_release);
  scheduler.resume(fiber);
}

// False: the task must wait on its thread.
bool Scheduler::suspend(fiber::Gate& gate, Waiter& waiter, Nanos deadline) {
  if (!gate.migratable.load(std::memory_order_relaxed) || gate.closed_by_scope()) return false;
  Worker& worker = enter(gate);
  if (worker.processor.load(std::memory_order_relaxed) == nullptr) worker.scheduler.come_back(worker);
  const bool suspended = worker.scheduler.set_aside(worker, waiter, deadline);
  leave();
  return suspended;
}

bool Scheduler::set_aside(Worker& worker, Waiter& waiter, Nanos deadline) {
  Processor& processor = *worker.processor.load(std::memory_order_relaxed);
  const Nanos now = os::now();
  expire_timers(worker, now);
  const Choice choice = pick(processor, now);
  Fiber* target = fiber_for(worker, choice);
  if (target == nullptr) {
    if (choice) processor.queue.put_back(choice);
    return false;
  }
  Fiber& fiber = *worker.fiber;
  charge(processor, fiber, now);
  fiber.kind = RunnableKind::kSuspendedFiber;
  fiber.waiting_since = now;
  waiter.fiber = &fiber;
  waiter.scheduler = this;
  const bool has_deadline = deadline != os::kNever;
  if (has_deadline) {
    timers_.add(waiter, deadline);
    helpers_.look_at(with_slack(deadline));
  }
  resume_task(jump(worker, *target,
                   {.action = AfterSwitch::Action::kAwaitWaking, .fiber = &fiber, .waiter = &waiter, .at = now}));
  if (has_deadline) timers_.remove(waiter);
  return true;
}

void Scheduler::ends_waiting(Fiber& fiber, Nanos now) const {
  if (now - fiber.waiting_since >= std::max(slices_.base(), fiber.used)) begin_at_the_top(fiber);
  fiber.waiting_since = now;
}

// The fiber's waiter was claimed, or its time is over: it is the caller's until it stands in a queue. Any thread.
void Scheduler::resume(Fiber& fiber) {
  ends_waiting(fiber, os::now());
  fiber::Gate* gate = fiber::current_gate();
  // In the scheduler first: a visitor that is preempted would keep the executor from its end.
  Worker* worker = gate == nullptr ? nullptr : &enter(*gate);
  const bool is_visitor = worker == nullptr || &worker->scheduler != this;
  if (is_visitor) visitors_.fetch_add(1, std::memory_order_relaxed);
  if (worker == nullptr) {
    publish_from_outside(fiber);
  } else {
    publish(*worker, fiber);
  }
  if (is_visitor) visitors_.fetch_sub(1, std::memory_order_release);  // pairs with await_visitors(); the last touch
  if (worker != nullptr) leave();
}

// Once the fiber stands in a queue its task may end, and the executor with it, while the one who woke it still looks
// for a processor: a thread of no executor, or of another one, is not among those that are joined.
void Scheduler::await_visitors() const {
  while (visitors_.load(std::memory_order_acquire) != 0) os::sleep_until(os::now() + 20 * os::kMicrosecond);
}

// By the watchdog. Whoever of it and the workers came first to the last deadlines will to the next ones.
void Scheduler::expire_timers(Nanos now) {
  const bool workers_did = workers_expired_.exchange(false, std::memory_order_relaxed);
  bool late = false;
  for (; Fiber* fiber = timers_.take_expired(now); late = true) resume(*fiber);
  const Nanos slack = timer_slack_.load(std::memory_order_relaxed);
  if (late) {
    timer_slack_.store(kLeastTimerSlack, std::memory_order_relaxed);
  } else if (workers_did) {
    timer_slack_.store(std::min(2 * slack, kMostTimerSlack), std::memory_order_relaxed);
  }
}

// A few: the processor's queue waits meanwhile. The watchdog helps where many are over at once.
void Scheduler::expire_timers(Worker& worker, Nanos now) {
  constexpr int kMostAtOnce = 8;
  for (int i = 0; i < kMostAtOnce; ++i) {
    Fiber* const fiber = timers_.try_take_expired(now);
    if (fiber == nullptr) return;
    workers_expired_.store(true, std::memory_order_relaxed);
    ends_waiting(*fiber, now);
    publish(worker, *fiber);
  }
  if (timers_.first() <= now) helpers_.look_at(now);
}

// Workers that come by look at the timers; to wake the watchdog for each of 30,000 sleeps a second as well took a tenth
// of two cpus. It is in time where no worker comes by: on an idle processor, beside tasks that compute for long.
Nanos Scheduler::with_slack(Nanos deadline) const {
  const Nanos slack = idle_processors() > 0 ? 0 : timer_slack_.load(std::memory_order_relaxed);
  return deadline > os::kNever - slack ? deadline : deadline + slack;
}

}  // namespace preempt::core
