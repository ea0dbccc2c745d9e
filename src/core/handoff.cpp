// Processors of workers that sleep in the kernel: taking them, giving them on, coming back. Models: retake(),
// handoffp() and exitsyscall() in Go's src/runtime/proc.go. The word's protocol and its proof: README.md, "Taking a
// processor".
#include <signal.h>

#include <algorithm>
#include <atomic>

#include "core/scheduler.h"
#include "os/membarrier.h"
#include "os/saved_errno.h"
#include "os/thread.h"

namespace preempt::core {

// --- Looking.

bool Scheduler::look_at(Processor& processor, Nanos now, Suspicion suspicion) {
  return look(processor, now, suspicion, Looker::kWatchdog);
}

bool Scheduler::look(Processor& processor, Nanos now, Suspicion suspicion, Looker looker) {
  Worker* worker = processor.worker.load(std::memory_order_acquire);  // pairs with give()
  if (worker == nullptr || worker->gate.in_scheduler.load(std::memory_order_acquire)) return false;
  const int best = best_waiting(processor);
  if (best == kNoLevel) return false;
  const bool due_now = is_due(processor, best, now);
  const bool may_take = may_take_ && looker == Looker::kWatchdog;
  if (worker->gate.blocking.load(std::memory_order_relaxed) != 0) return may_take && take(*worker, now);
  if (!due_now && suspicion == Suspicion::kNone) return false;
  if (!due_now && !may_take) return false;
  switch (state_of(*worker)) {
    case os::ThreadState::kRunning:
      if (due_now) request(processor, *worker, now);
      return false;
    case os::ThreadState::kAsleep:
      count(Verdict::kAsleep);
      if (looker == Looker::kSubmitter) helpers_.look_at(now);
      return may_take && take(*worker, now);
    case os::ThreadState::kTraced:
      count(Verdict::kTraced);
      return false;
    case os::ThreadState::kUnknown:
      // Without /proc nobody can say that a signal would not cut a system call short: the guard word alone asks.
      if (due_now && mode_ != Preemption::kNone) worker->gate.ask();
      return false;
  }
  return false;
}

os::ThreadState Scheduler::state_of(Worker& worker) {
  const os::ThreadState state = worker.state.read(worker.gate.thread);
  const bool sees = state != os::ThreadState::kUnknown;
  if (sees != sees_threads_.load(std::memory_order_relaxed)) sees_threads_.store(sees, std::memory_order_relaxed);
  return state;
}

bool Scheduler::is_due(const Processor& processor, int best, Nanos now) {
#ifdef PREEMPT_EAGER
  return true;
#endif
  return now >= processor.due_at(best) && now >= processor.not_before();
}

bool Scheduler::all_are_blocked() {
  if (awaits_workers() || spares_.load(std::memory_order_relaxed) > 0) return false;
  for (Processor& processor : processors_) {
    Worker* worker = processor.worker.load(std::memory_order_acquire);  // pairs with give()
    if (worker == nullptr) continue;
    if (worker->gate.in_scheduler.load(std::memory_order_acquire)) return false;
    if (worker->state.read(worker->gate.thread) != os::ThreadState::kAsleep) return false;
  }
  return true;
}

void Scheduler::request(Processor& processor, Worker& worker, Nanos now) {
  if (mode_ == Preemption::kNone || !processor.begin_request(now, expiry())) return;
  worker.gate.ask();
  if (!sends_signals()) return;
  // Without any further thread only an injected call can do something.
  if (!may_give_ && !worker.gate.migratable.load(std::memory_order_relaxed)) return;
  if (is_spared(worker)) {
    processor.refuse_request(now + slices_.base());
  } else {
    send(worker, now);
  }
}

// A call of this worker was cut short: it computes a slice undisturbed, or the call would never finish. Where the same
// one is hit again and again, most of the time is spent in it: of the requests then only one in 8, 16, up to 64 is
// sent, until one meets a computing task.
bool Scheduler::is_spared(Worker& worker) {
  if (worker.gate.cut_short.exchange(false, std::memory_order_relaxed)) return true;
  constexpr unsigned kFew = 3;
  const unsigned cuts = worker.gate.cuts.load(std::memory_order_relaxed);
  if (cuts < kFew) return false;
  return (worker.requests.fetch_add(1, std::memory_order_relaxed) + 1) % (1U << cuts) != 0;
}

// At most one signal is under way to a worker. One that found no handler for a slice is sent again: a standard signal
// that is still pending merges with it, a real-time one would queue, so that one is sent again only if another
// handler has taken it.
bool Scheduler::send(Worker& worker, Nanos now) {
  const bool again = worker.gate.asked.exchange(true, std::memory_order_relaxed);
  if (again) {
    if (now - worker.asked_at.load(std::memory_order_relaxed) < expiry()) {
      count(Verdict::kRequestPending);
      return false;
    }
    count(Verdict::kUnanswered);
    // Who waits for a cpu answers late, and who is in the kernel; who computes and does not answer has lost its
    // handler.
    const Nanos user_time = os::thread_user_time(worker.gate.thread);
    Nanos from = os::kNever;
    if (!worker.unanswered_from.compare_exchange_strong(from, user_time, std::memory_order_relaxed) &&
        user_time - from > kLongestAnswer) {
      helpers_.signal_unanswered();
    }
  } else {
    worker.unanswered_from.store(os::kNever, std::memory_order_relaxed);
  }
  worker.asked_at.store(now, std::memory_order_relaxed);
  if (again && signal_ >= SIGRTMIN && helpers_.handler_is_ours()) return false;
  signals_sent_.fetch_add(1, std::memory_order_relaxed);
  if (os::send_signal(worker.gate.thread, signal_)) return true;
  worker.gate.asked.store(false, std::memory_order_relaxed);
  return false;
}

// --- Taking. Only the watchdog does, so there is one claim at a time.

bool Scheduler::take(Worker& worker, Nanos now) {
  auto seen = fiber::Lost::kNo;
  if (!worker.gate.lost.compare_exchange_strong(seen, fiber::Lost::kClaimed, std::memory_order_seq_cst)) return false;
  // After it the worker's store to in_scheduler is visible, or the worker will see the claim.
  const bool fenced = os::membarrier();
  seen = fiber::Lost::kClaimed;
  if (!fenced || worker.gate.in_scheduler.load(std::memory_order_acquire)) {  // pairs with leave()
    worker.gate.lost.compare_exchange_strong(seen, fiber::Lost::kNo, std::memory_order_relaxed);
    return false;
  }
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (processor == nullptr) {
    worker.gate.lost.compare_exchange_strong(seen, fiber::Lost::kNo, std::memory_order_relaxed);
    return false;
  }
  book_loss(worker, *processor, now);
  // Release: enter() reads the two above after it has seen kTaken.
  if (!worker.gate.lost.compare_exchange_strong(seen, fiber::Lost::kTaken, std::memory_order_acq_rel)) return false;
  lost_.fetch_add(1, std::memory_order_relaxed);
  handoffs_.fetch_add(1, std::memory_order_relaxed);
  worker.gate.ask();  // if it computes again, its next checkpoint brings it back
  pass_on(*processor, now);
  return true;
}

// How long the burst computed and since when it sleeps, by the thread's cpu time: while nothing else waited, a long
// sleep in the middle of a burst went unnoticed.
void Scheduler::book_loss(Worker& worker, const Processor& processor, Nanos now) {
  const Nanos cpu_time = os::thread_cpu_time(worker.gate.thread);
  const Nanos computed = cpu_time - worker.cpu_time_seen.exchange(cpu_time, std::memory_order_relaxed);
  const Nanos elapsed = std::max<Nanos>(now - processor.dispatched_at(), 0);
  const Nanos ran = std::clamp<Nanos>(computed, 0, elapsed);
  worker.ran_before_loss.store(ran, std::memory_order_relaxed);
  worker.lost_at.store(now - (elapsed - ran), std::memory_order_relaxed);
}

Fiber* Scheduler::oldest_stopped() {
  for (;;) {
    Processor* where = nullptr;
    for (Processor& each : processors_) {
      const Nanos since = each.queue.oldest_stopped();
      if (since != os::kNever && (where == nullptr || since < where->queue.oldest_stopped())) where = &each;
    }
    if (where == nullptr) return nullptr;
    if (Fiber* fiber = where->queue.take_stopped()) return fiber;
  }
}

bool Scheduler::pass_on_by_choice(Processor& processor, Nanos now) {
  Choice choice = pick(processor, now);
  if (!choice) return false;
  if (Worker* next = successor(processor, choice)) {
    give(processor, *next, choice, now);
    return true;
  }
  processor.queue.put_back(choice);
  helpers_.want_spare();
  return false;
}

// The processor's worker fell asleep. First the stopped worker that waits longest: it may hold what the sleeper waits
// for, and needs no further thread. In the other order, 100 tasks that wanted a lock held by a stopped one ate every
// spare and deadlocked. But where tasks block and come back all the time one is always there: every second time the
// queue chooses as at a task's end, or what waits without a thread would wait long.
void Scheduler::pass_on(Processor& processor, Nanos now) {
  processor.rescued_last = !processor.rescued_last;
  if (!processor.rescued_last && pass_on_by_choice(processor, now)) return;
  if (Fiber* stopped = oldest_stopped()) {
    return give(processor, *stopped->worker, {.runnable = stopped, .grant = slices_.least_run()}, now);
  }
  Choice choice = {.runnable = processor.queue.take_suspended()};
  if (!choice) choice = pick(processor, now);
  if (!choice) return make_idle(processor);
  if (Worker* next = choice.runnable->kind == RunnableKind::kStoppedWorker
                         ? static_cast<Fiber*>(choice.runnable)->worker
                         : take_spare(processor)) {
    return give(processor, *next, choice, now);
  }
  processor.queue.put_back(choice);
  helpers_.want_spare();
  make_idle(processor);
}

// --- Coming back.

// The worker knows that it has no processor and is about to queue, to park or to take an idle one.
void Scheduler::found(Worker& worker) {
  end_credit(worker);
  if (worker.gate.lost.load(std::memory_order_relaxed) != fiber::Lost::kTaken) return;
  worker.gate.lost.store(fiber::Lost::kNo, std::memory_order_relaxed);
  lost_.fetch_sub(1, std::memory_order_relaxed);
}

void Scheduler::book(const Block& block, Fiber& fiber) const {
  fiber.used += block.ran;
  if (block.slept >= std::max(slices_.base(), block.longest_burst)) {
    begin_at_the_top(fiber);
  } else {
    fall_if_used_up(fiber);
  }
}

bool Scheduler::take_idle(Worker& worker) {
  const int id = idle_.pop();
  if (id == IdleProcessors::kNone) return false;
  found(worker);
  Processor& processor = processors_[id];
  worker.processor.store(&processor, std::memory_order_relaxed);
  processor.worker.store(&worker, std::memory_order_release);
  return true;
}

// It really slept: a new burst, as a keep-alive connection's next request.
void Scheduler::begin_at_the_top(Fiber& fiber) {
  fiber.level = static_cast<std::uint8_t>(first_level(fiber.level));
  fiber.used = 0;
}

void Scheduler::come_back(Worker& worker) {
  const Nanos now = os::now();
  come_back(worker, look_back(worker, now), now);
}

void Scheduler::come_back(Worker& worker, const Block& block, Nanos now) {
  Fiber& fiber = *worker.fiber;
  book(block, fiber);
  if (take_idle(worker)) {
    worker.returns_idle.add();
    return begin_burst(worker, now, {});
  }
  found(worker);
  worker.returns_queued.add();
  fiber.kind = RunnableKind::kStoppedWorker;
  fiber.worker = &worker;
  fiber.waiting_since = now;
  const int level = fiber.level;
  worker.last_processor->queue.push_back(fiber);
  // Another processor may wake this worker from here on; it has not parked, so its token waits for it.
  work_arrived();
  request_for(level);
  worker.parker.park();
  resume_task(os::now());
}

// --- Explicit scopes.

void Scheduler::begin_blocking(fiber::Gate& gate, Leave leave_when) {
  const std::uint32_t depth = gate.blocking.load(std::memory_order_relaxed);
  gate.blocking.store(depth + 1, std::memory_order_relaxed);
  if (depth != 0) return;
  if (leave_when == Leave::kWhenTaken && gate.lost.load(std::memory_order_relaxed) != fiber::Lost::kTaken) return;
  Worker& worker = enter(gate);
  if (worker.on_credit.load(std::memory_order_relaxed)) worker.credit_ended = os::now();
  worker.scheduler.end_credit(worker);
  if (leave_when == Leave::kNow) worker.scheduler.lose_processor(worker, os::now());
  leave();
}

void Scheduler::lose_processor(Worker& worker, Nanos now) {
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (processor == nullptr || !may_give_) return;
  book_loss(worker, *processor, now);
  worker.forget_processor();
  worker.gate.lost.store(fiber::Lost::kTaken, std::memory_order_relaxed);
  lost_.fetch_add(1, std::memory_order_relaxed);
  handoffs_.fetch_add(1, std::memory_order_relaxed);
  pass_on(*processor, now);
}

// Where nobody wanted anything: as enter() and leave(), but without a call, and errno stays.
bool Scheduler::end_unnoticed(fiber::Gate& gate) {
  const std::uint32_t depth = gate.blocking.load(std::memory_order_relaxed);
  gate.blocking.store(depth - 1, std::memory_order_relaxed);
  if (depth != 1) return true;
  gate.in_scheduler.store(true, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);  // the cpu's own order: take()'s membarrier
  if (gate.lost.load(std::memory_order_relaxed) != fiber::Lost::kNo) return false;
  Worker::of(gate).returns_own.add();
  gate.in_scheduler.store(false, std::memory_order_release);  // pairs with take()
  std::atomic_signal_fence(std::memory_order_seq_cst);
  // A request that was put off while the scope lasted.
  return !gate.pending.load(std::memory_order_relaxed) || gate.closed_by_scope();
}

void Scheduler::end_blocking(fiber::Gate& gate) {
  if (end_unnoticed(gate)) return;
  const os::SavedErrno saved_errno;
  if (gate.in_scheduler.load(std::memory_order_relaxed)) {
    Worker& worker = enter(gate);
    if (worker.processor.load(std::memory_order_relaxed) != nullptr) worker.scheduler.heed_claim(worker);
    if (worker.processor.load(std::memory_order_relaxed) != nullptr) {
      worker.returns_own.add();
    } else {
      worker.scheduler.return_without_processor(worker);
    }
  }
  leave(fiber::current_gate());
}

void Scheduler::return_without_processor(Worker& worker) {
  const Nanos now = os::now();
  const Block block = look_back(worker, now);
  if (!go_on_credit(worker, block, now)) come_back(worker, block, now);
}

// The watchdog claimed this processor, and enter() was faster. Where the cpus are busy its membarrier takes
// milliseconds: a task that blocks for microseconds would win each time, and those that wait would wait on. So a
// processor that is due goes as if it had been taken.
void Scheduler::heed_claim(Worker& worker) {
  const Nanos now = os::now();
  const Processor& processor = *worker.processor.load(std::memory_order_relaxed);
  const int best = best_waiting(processor);
  if (best != kNoLevel && is_due(processor, best, now)) lose_processor(worker, now);
}

}  // namespace preempt::core
