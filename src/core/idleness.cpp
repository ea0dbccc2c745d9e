// Workers and processors without work: how they rest, and how they are woken. Models: stopm(), startm() and the idle
// lists in Go's src/runtime/proc.go; what a wake-up must not miss: README.md, "Idle protocol".
#include "core/scheduler.h"

namespace preempt::core {
namespace {

// A thread that was not needed for so long ends, if there are more than processors.
constexpr Nanos kRetireAfter = 10 * os::kSecond;

// Stacks keep what was touched once: the deep end goes back when the thread rests for so long, else so often.
constexpr Nanos kShrinkAfter = 100 * os::kMillisecond;
constexpr Nanos kShrinkEvery = os::kSecond;

}  // namespace

// Without work, or without a processor: parks until there is both.
void Scheduler::rest(Worker& worker) {
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (processor == nullptr) {
    found(worker);
    become_spare(worker, *worker.last_processor);
    help_idle_processors();
  } else {
    // The spare first: who finds the idle processor finds its worker, too.
    worker.forget_processor();
    become_spare(worker, *processor);
    make_idle(*processor);
  }
  helpers_.worker_rests();
  wait_as_spare(worker);
}

// Until it is given a processor; or it was not needed for long, and its thread is one too many: then its parker is
// closed, and whoever finds it among the spares goes on to the next one.
void Scheduler::wait_as_spare(Worker& worker) {
  const Nanos now = os::now();
  if (worker.parker.park(now + kShrinkAfter)) return;
  shrink_stack(worker, now + kShrinkAfter);
  // A thread whose own stack is lent to a suspended fiber does not end.
  Nanos retire_at = worker.fiber == &worker.home ? now + kRetireAfter : os::kNever;
  while (!worker.parker.park(retire_at)) {
    retire_at = os::kNever;
    if (!helpers_.begin_retirement()) continue;
    if (worker.parker.close()) {
      spares_.fetch_sub(1, std::memory_order_seq_cst);
      worker.retires = true;
      return;
    }
    helpers_.cancel_retirement();
  }
}

// Between tasks. Costs 1 us where there is nothing to give, so not after each.
void Scheduler::shrink_stack(Worker& worker, Nanos now) {
  worker.shrink_stack_at = now + kShrinkEvery;
  fiber::shrink(worker.fiber->stack(), __builtin_frame_address(0));
}

// A fiber that nobody is on any more.
void Scheduler::note_idle_stack() {
  if (shrink_stacks_at_.load(std::memory_order_relaxed) != os::kNever) return;
  Nanos none = os::kNever;
  if (shrink_stacks_at_.compare_exchange_strong(none, os::now() + kShrinkEvery, std::memory_order_relaxed)) {
    helpers_.stack_rests();
  }
}

Nanos Scheduler::shrink_idle_stacks(Nanos now) {
  const Nanos due = shrink_stacks_at_.load(std::memory_order_relaxed);
  if (now < due) return due;
  shrink_stacks_at_.store(os::kNever, std::memory_order_relaxed);
  fibers_.shrink_idle();
  for (int id = 0; id < workers_.size(); ++id) {
    Fiber& home = workers_[id].home;
    // As its thread does in go_home(), which stays away for that moment.
    if (!home.idle.load(std::memory_order_relaxed) || !home.idle.exchange(false, std::memory_order_acquire)) continue;
    home.shrink_stack();
    home.idle.store(true, std::memory_order_release);
  }
  return os::kNever;
}

void Scheduler::become_spare(Worker& worker, Processor& processor) {
  spares_.fetch_add(1, std::memory_order_seq_cst);
  processor.spares.push(worker);
}

void Scheduler::make_idle(Processor& processor) {
  processor.worker.store(nullptr, std::memory_order_relaxed);
  processor.nothing_runs();
  idle_.push(processor.id);
  help_idle_processors();  // what came before the push was visible woke nobody
}

// If work waits and a processor is idle, wakes one worker for it.
void Scheduler::help_idle_processors() {
  while (anything_waits()) {
    const int id = idle_.pop();
    if (id == IdleProcessors::kNone) {
      helpers_.work_waits();
      return;
    }
    Processor& processor = processors_[id];
    if (Worker* worker = take_spare(processor)) return give(processor, *worker, {}, 0);
    // A stopped worker needs no spare.
    if (Fiber* stopped = oldest_stopped()) {
      give(processor, *stopped->worker, {.runnable = stopped}, os::now());
      continue;
    }
    idle_.push(id);
    helpers_.want_spare();
    helpers_.work_waits();  // the watchdog asks again if no thread can be had now
    // A spare that came in between saw no idle processor: this looks again.
    if (spares_.load(std::memory_order_seq_cst) <= 0) return;
  }
}

Worker* Scheduler::take_spare(Processor& processor) {
  if (spares_.load(std::memory_order_seq_cst) <= 0) return nullptr;
  const int count = processors();
  for (int i = 0; i < count; ++i) {
    SpareStack& spares = processors_[(processor.id + i) % count].spares;
    while (Worker* worker = spares.pop(workers_)) {
      if (!worker->parker.reserve()) {
        retired_.push(*worker);
        continue;
      }
      spares_.fetch_sub(1, std::memory_order_seq_cst);
      return worker;
    }
  }
  return nullptr;
}

}  // namespace preempt::core
