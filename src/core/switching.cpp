// Taking the processor from a running task: by parking its thread, or by setting its fiber aside.
#include <ucontext.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "core/promises.h"
#include "core/scheduler.h"
#include "core/waiter.h"

namespace preempt::core {
namespace {

#ifdef PREEMPT_EAGER
constexpr bool kEager = true;
#else
constexpr bool kEager = false;
#endif

constexpr Nanos kTryAgainAfter = 30 * os::kMicrosecond;
constexpr Nanos kNoSpareAgainAfter = 200 * os::kMicrosecond;  // about as long as a thread takes to be made

}  // namespace

// --- Is it time?

Scheduler::Due Scheduler::due(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry) {
  const int best = best_waiting(processor);
  if (best == kNoLevel) return Due::kNothingWaits;
  if (kEager) return now < processor.protected_until() ? Due::kNotYet : Due::kNow;
  Fiber& fiber = *worker.fiber;
  if (entry == fiber::Entry::kYield && best <= fiber.level) return Due::kNow;
  if (now >= processor.slice_end()) {
    charge(processor, fiber, now);
    if (best <= fiber.level || now >= processor.queue.next_entitlement()) return Due::kNow;
    begin_burst(worker, now, {});  // one level down it is still the best
    return Due::kNotYet;
  }
  return now >= processor.due_at(best) ? Due::kNow : Due::kNotYet;
}

// The slice re-checked here belongs to the task that runs now: a late request is never charged to the next one.
Verdict Scheduler::preempt(Worker& worker, fiber::Entry entry) {
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (processor == nullptr) {
    if (entry == fiber::Entry::kTryAgain) return Verdict::kTryAgain;
    come_back(worker);
    return Verdict::kWithoutProcessor;
  }
  if (mode_ == Preemption::kNone && entry != fiber::Entry::kYield) return Verdict::kNotDue;
  const Nanos now = processor->clock.now();
  if (entry == fiber::Entry::kTryAgain) {
    processor->refuse_request(now + kTryAgainAfter);
    helpers_.look_at(now + kTryAgainAfter);
    return Verdict::kTryAgain;
  }
  switch (due(worker, *processor, now, entry)) {
    case Due::kNothingWaits:
      processor->refuse_request(now);
      return Verdict::kNothingWaiting;
    case Due::kNotYet:
      processor->refuse_request(now);
      return Verdict::kNotDue;
    case Due::kNow:
      break;
  }
  Verdict verdict = Verdict::kFiberSwitch;
  const bool may_suspend =
      worker.gate.migratable.load(std::memory_order_relaxed) &&
      (entry == fiber::Entry::kCheckpoint || entry == fiber::Entry::kYield || entry == fiber::Entry::kInjected);
  if (!may_suspend || !suspend_fiber(worker, *processor, now, entry)) {
    verdict = stop_thread(worker, *processor, now, entry);
  }
  if (verdict != Verdict::kFiberSwitch && verdict != Verdict::kThreadSwitch) {
    // It goes on; if its slice was over, with a new one, of the level that it fell to.
    if (now >= processor->slice_end()) begin_burst_again(worker, *processor, now);
  }
  return verdict;
}

// Before the switch: it may be long until this task goes on.
void Scheduler::count_switch(Worker& worker, fiber::Entry entry) {
  switch (entry) {
    case fiber::Entry::kStopThread:
      return worker.thread_preemptions.add();
    case fiber::Entry::kInjected:
      return worker.fiber_preemptions.add();
    default:
      return worker.checkpoint_yields.add();
  }
}

// --- The account.

// Books the time since the burst began. Who used the slice up goes one level down, with a new slice.
void Scheduler::charge(Processor& processor, Fiber& fiber, Nanos now) {
  // Another thread, whose clock is ahead by what is trusted of an answer, may have begun the burst.
  fiber.used += std::max<Nanos>(now - processor.dispatched_at(), 0);
  processor.charged(now);
  fall_if_used_up(fiber);
}

void Scheduler::fall_if_used_up(Fiber& fiber) const {
  if (fiber.used < slices_.slice(fiber)) return;
  fiber.level = static_cast<std::uint8_t>(next_level(fiber.level));
  fiber.used = 0;
}

// A slice that is not used up keeps its task at the head of its level, unless the task gives way by itself or had its
// turn out of order: the order of the level is to stay.
bool Scheduler::goes_last(const Fiber& fiber, fiber::Entry entry) {
  return kEager || entry == fiber::Entry::kYield || fiber.used == 0 || fiber.in_turn;
}

void Scheduler::begin_burst(Worker& worker, Nanos now, Choice how) {
  Processor& processor = *worker.processor.load(std::memory_order_relaxed);
  processor.dispatch(*worker.fiber, now, how);
  worker.fiber->in_turn = how.is_turn;
  tell_watchdog(processor, now);
  open_gate(worker);
}

// Of a burst that ends before its next look, as one with a slice of its own may, or after what it planned to look for.
void Scheduler::tell_watchdog(const Processor& processor, Nanos now) {
  if (mode_ == Preemption::kNone) return;
  // Not for moments: after a request a look is planned for when the next burst will end, and setting the alarm once
  // more costs half a wake-up.
  if (processor.slice_end() + kSwitchTime < planned_look_.load(std::memory_order_relaxed)) {
    helpers_.look_at(processor.slice_end());
  } else if (now >= postpone_look_from_.load(std::memory_order_relaxed)) {
    postpone_look_from_.store(os::kNever, std::memory_order_relaxed);
    helpers_.postpone_look(now);
  }
}

void Scheduler::begin_burst_again(Worker& worker, Processor& processor, Nanos now) {
  const Nanos not_before = processor.not_before();
  begin_burst(worker, now, {});
  processor.refuse_request(not_before);
}

// A task that was stopped or suspended goes on, on the worker that this runs on now.
void Scheduler::resume_task(Nanos now) {
  Worker& worker = Worker::current();
  const Choice handed = std::exchange(worker.handed, {});
  if (const Nanos given_at = std::exchange(worker.handed_at, 0); given_at != 0) slices_.note_switch(now - given_at);
  begin_burst(worker, now, handed);
}

void Scheduler::stack_was_overwritten(Worker& worker) {
  ucontext_t here;
  getcontext(&here);
  worker.gate.on_fault(worker.gate, here, {.kind = fiber::Fault::Kind::kOverwritten});
  std::abort();
}

// --- Thread switch. Steps (README.md, "Thread switch"): choose the next, publish the task, give the processor, park.

Verdict Scheduler::stop_thread(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry) {
  check_stack(worker);
  Choice choice = pick(processor, now, worker.fiber->level);
  if (!choice) return Verdict::kNothingWaiting;
  if (is_worse(choice, *worker.fiber, entry)) {
    processor.queue.put_back(choice);
    return Verdict::kNotDue;
  }
  Worker* next = successor(processor, choice);
  if (next == nullptr && now >= processor.slice_end()) next = swap_for_stopped(processor, choice);
  if (next == nullptr) {
    processor.queue.put_back(choice);
    processor.refuse_request(now + kNoSpareAgainAfter);
    helpers_.want_spare();
    return Verdict::kNoSpare;
  }
  Fiber& fiber = *worker.fiber;
  charge(processor, fiber, now);
  fiber.kind = RunnableKind::kStoppedWorker;
  fiber.worker = &worker;
  fiber.waiting_since = now;
  worker.forget_processor();
  count_switch(worker, entry);
  // From the push on, another processor may wake this worker: `processor` is still ours to give, `worker` is not ours
  // to touch.
  if (goes_last(fiber, entry)) {
    processor.queue.push_back(fiber);
  } else {
    processor.queue.push_front(fiber);
  }
  give(processor, *next, choice, now);
  work_arrived();
  worker.parker.park();
  resume_task(os::now());
  return Verdict::kThreadSwitch;
}

// What the task was to give way to is gone, and this is not owed a turn.
bool Scheduler::is_worse(Choice choice, const Fiber& running, fiber::Entry entry) {
  return !kEager && entry != fiber::Entry::kYield && choice.grant == 0 && choice.runnable->level > running.level;
}

// No thread for a fresh task, and the slice is over: the oldest stopped worker needs none.
Worker* Scheduler::swap_for_stopped(Processor& processor, Choice& choice) {
  Fiber* stopped = oldest_stopped();
  if (stopped == nullptr) return nullptr;
  processor.queue.put_back(choice);
  choice = {.runnable = stopped};
  return stopped->worker;
}

// Who can take the processor over to run `choice`; null when a thread is missing.
Worker* Scheduler::successor(Processor& processor, Choice& choice) {
  if (choice.runnable->kind == RunnableKind::kStoppedWorker) return static_cast<Fiber*>(choice.runnable)->worker;
  // The last threads start nothing fresh while a stopped one waits: it may hold what the fresh ones would block on.
  if (choice.runnable->kind == RunnableKind::kTask && threads_are_scarce()) {
    for (const Processor& each : processors_) {
      if (each.queue.oldest_stopped() != os::kNever) return nullptr;
    }
  }
  return take_spare(processor);
}

bool Scheduler::threads_are_scarce() const {
  const int used = workers_.size() - spares_.load(std::memory_order_relaxed);
  return used > processors() && used * 4 > workers_.most() * 3;
}

// `worker`, parked, goes on with the processor: with its own task if `choice` is that, else with the loop, which runs
// `choice` first.
void Scheduler::give(Processor& processor, Worker& worker, Choice choice, Nanos now) {
  worker.gate.lost.store(fiber::Lost::kNo, std::memory_order_relaxed);
  const bool is_own = choice && choice.runnable->kind == RunnableKind::kStoppedWorker;
  worker.handed = choice;
  if (is_own) worker.handed.runnable = nullptr;
  worker.handed_at = now;
  if (choice) processor.dispatch(*choice.runnable, now, choice);
  worker.processor.store(&processor, std::memory_order_relaxed);
  processor.worker.store(&worker, std::memory_order_release);
  worker.parker.unpark();
}

// --- Fiber switch.

bool Scheduler::suspend_fiber(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry) {
  bring_in(processor, now);
  const Choice choice = processor.queue.begin_swap(now, worker.fiber->level);
  if (!choice) return false;
  const bool swaps = choice.runnable->kind == RunnableKind::kSuspendedFiber;
  Fiber* const target = is_worse(choice, *worker.fiber, entry) ? nullptr : fiber_for(worker, choice);
  if (target == nullptr) {
    swaps ? processor.queue.cancel_swap(choice) : processor.queue.put_back(choice);
    return false;
  }
  Fiber& fiber = *worker.fiber;
  charge(processor, fiber, now);
  fiber.kind = RunnableKind::kSuspendedFiber;
  fiber.waiting_since = now;
  count_switch(worker, entry);
  AfterSwitch after = {.fiber = &fiber, .at = now};
  const bool last = goes_last(fiber, entry);
  if (swaps) {
    processor.queue.stand_in(fiber, last ? RunQueue::Place::kLast : RunQueue::Place::kFirst, now);
    after.action = AfterSwitch::Action::kFinishSwap;
  } else {
    after.action = last ? AfterSwitch::Action::kPublishLast : AfterSwitch::Action::kPublishFirst;
  }
  resume_task(jump(worker, *target, after));
  return true;
}

// Where the worker goes on with `choice`, which may be nothing: its own fiber, or a fresh one that runs the loop. Null
// without memory.
Fiber* Scheduler::fiber_for(Worker& worker, Choice choice) {
  const bool is_fiber = choice && choice.runnable->kind == RunnableKind::kSuspendedFiber;
  Fiber* target = is_fiber ? static_cast<Fiber*>(choice.runnable) : fibers_.take(&Scheduler::fiber_main, this);
  if (target == nullptr) return nullptr;
  worker.handed = choice;
  if (is_fiber) worker.handed.runnable = nullptr;
  return target;
}

// Goes on with `target` and comes back when somebody jumps to this fiber, maybe on another worker. The time then.
Nanos Scheduler::jump(Worker& worker, Fiber& target, AfterSwitch after) {
  Fiber& from = *worker.fiber;
  if (after.action != AfterSwitch::Action::kNothing && after.action != AfterSwitch::Action::kRecycle) {
    expect_promise_kept(worker);
  }
  check_stack(worker);
  worker.after_switch = after;
  worker.fiber = &target;
  worker.gate.fiber_stack = target.bounds();
  worker.fiber_switches.add();
  from.switch_to(target);
  return arrive();
}

// On the fiber that was switched to: the one that was left is complete now, so others may have it. The time.
Nanos Scheduler::arrive() {
  Worker& worker = Worker::current();
  const AfterSwitch after = worker.after_switch;
  worker.after_switch = {};
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  const Nanos now = after.at != 0 ? after.at : os::now();
  switch (after.action) {
    case AfterSwitch::Action::kNothing:
      return now;
    case AfterSwitch::Action::kFinishSwap:
      processor->queue.finish_swap();
      break;
    case AfterSwitch::Action::kPublishFirst:
      processor->queue.push_front(*after.fiber, now);
      break;
    case AfterSwitch::Action::kPublishLast:
      processor->queue.push_back(*after.fiber, now);
      break;
    case AfterSwitch::Action::kAwaitWaking: {
      if (after.waiter->settle()) return now;
      processor->queue.push_back(*after.fiber, now);
      break;
    }
    case AfterSwitch::Action::kRecycle:
      if (Worker* owner = after.fiber->home()) {
        owner->home.idle.store(true, std::memory_order_release);  // pairs with go_home()
      } else {
        fibers_.give_back(*after.fiber);
      }
      note_idle_stack();
      return now;
  }
  work_arrived();
  return now;
}

void Scheduler::fiber_main(void* scheduler) {
  Worker::current().fiber->arrived();
  auto& self = *static_cast<Scheduler*>(scheduler);
  self.arrive();
  self.loop();
  base::check_failed("a worker ended on a stack that is not its own");
}

// Between tasks a worker goes back to its thread's own stack when nobody is on it, and never stays on another
// thread's: that one may want to end. True when it went, and the caller's fiber was taken up again later.
bool Scheduler::wants_home(const Worker& worker) {
  return worker.fiber != &worker.home &&
         (worker.home.idle.load(std::memory_order_relaxed) || worker.fiber->home() != nullptr);
}

bool Scheduler::go_home(Worker& worker) {
  if (!wants_home(worker)) return false;
  Fiber* target = nullptr;
  if (worker.home.idle.exchange(false, std::memory_order_acquire)) {
    target = &worker.home;
  } else if (worker.fiber->home() != nullptr) {
    target = fibers_.take(&Scheduler::fiber_main, this);
  }
  if (target == nullptr) return false;
  jump(worker, *target, recycle(worker, 0));
  return true;
}

}  // namespace preempt::core
