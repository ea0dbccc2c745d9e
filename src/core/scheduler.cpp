// The loop of a worker: from one task's end to the next one's start. Model: schedule() and findRunnable() in Go's
// src/runtime/proc.go.
#include "core/scheduler.h"

#include <cstring>
#include <exception>
#include <utility>

#include "base/check.h"
#include "core/promises.h"
#include "os/process.h"

namespace preempt::core {
namespace {

// Before a worker parks it looks around for some microseconds: a futex wake-up costs more than that.
constexpr int kSearchRounds = 60;

constexpr Nanos kSortInAfter = 20 * os::kMicrosecond;

std::vector<Processor::Place> places(int count, const Slices& slices) {
  std::vector<Processor::Place> all;
  for (int id = 0; id < count; ++id) all.push_back({id, slices});
  return all;
}

}  // namespace

Scheduler::Scheduler(const Options& options, Preemption mode, int processors, std::size_t stack_size, Helpers& helpers)
    : helpers_(helpers),
      slices_(options.time_slice.count(), options.slice_growth),
      processor_count_(processors),
      idle_(processors),
      workers_(options.max_threads),
      fibers_(stack_size),
      mode_(mode),
      signal_(options.signal) {
  // At once, since they never move.
  const std::vector<Processor::Place> all = places(processors, slices_);
  processors_ = std::vector<Processor>(all.begin(), all.end());
  for (int id = processors - 1; id >= 0; --id) idle_.push(id);
}

// --- Doors.

Worker& Scheduler::enter(fiber::Gate& gate) {
  gate.in_scheduler.store(true, std::memory_order_relaxed);
  // The cpu's own order is enforced from the other side, by the membarrier in take().
  std::atomic_signal_fence(std::memory_order_seq_cst);
  Worker& worker = Worker::of(gate);
  // Acquire: what take() wrote before kTaken.
  auto seen = gate.lost.load(std::memory_order_acquire);
  if (seen == fiber::Lost::kClaimed) {
    gate.lost.compare_exchange_strong(seen, fiber::Lost::kNo, std::memory_order_acquire);
  }
  if (seen == fiber::Lost::kTaken) worker.forget_processor();
  return worker;
}

// A request came while it could not be honoured.
void Scheduler::catch_up(fiber::Gate* gate) {
  while (gate->pending.load(std::memory_order_relaxed) && !gate->closed_by_scope()) {
    gate->pending.store(false, std::memory_order_relaxed);
    Worker& worker = enter(*gate);
    static_cast<void>(worker.scheduler.preempt(worker, fiber::Entry::kDeferred));
    gate = fiber::current_gate();
    open_door(*gate);
  }
}

Verdict Scheduler::on_preempt(fiber::Gate& gate, fiber::Entry entry) {
  Worker& worker = enter(gate);
  const Verdict verdict = worker.scheduler.preempt(worker, entry);
  leave();
  return verdict;
}

// --- Finding work.

// The inject queue's tasks to the processor's own queue. How many. They would stand behind the own ones of their level:
// while such wait, a look once in a while does, since submitters write that queue all the time.
int Scheduler::sort_in(Processor& processor, Nanos now) {
  const int own_best = best_of(processor.queue.waiting());
  if (own_best != kNoLevel && own_best <= best_of(inject_.lately_waiting()) && now < processor.next_sort_in) return 0;
  processor.next_sort_in = now + kSortInAfter;
  detail::Runnable* tasks = inject_.take_all();
  return tasks == nullptr ? 0 : processor.queue.push_back_all(tasks, now);
}

// Half of the best level of another processor where something better than `worse_than` waits. How many.
int Scheduler::steal(Processor& thief, int worse_than) {
  const int count = processors();
  for (int i = 1; i < count; ++i) {
    RunQueue& queue = processors_[(thief.id + i) % count].queue;
    if (best_of(queue.waiting()) >= worse_than) continue;
    const int stolen = queue.give_half_to(thief.queue);
    if (stolen == 0) continue;
    steals_.fetch_add(1, std::memory_order_relaxed);
    return stolen;
  }
  return 0;
}

// A processor whose task cannot be preempted (its signal masked, or Preemption::kNone) leaves its queue unserved: what
// waited too long there moves to `processor`, which is one that does choose. Looks once in a while.
int Scheduler::rescue(Processor& processor, Nanos now) {
  if (now < processor.next_rescue) return 0;
  int count = 0;
  processor.next_rescue = now + slices_.stopped_at_most();
  for (Processor& other : processors_) {
    if (&other == &processor || !other.queue.is_neglected(now)) continue;
    if (Fiber* stopped = other.queue.take_stopped()) {
      processor.queue.push_back(*stopped);
      ++count;
    } else {
      count += other.queue.give_half_to(processor.queue);
    }
    steals_.fetch_add(1, std::memory_order_relaxed);
  }
  return count;
}

// A better task than the own ones may wait elsewhere, behind one that cannot be preempted: it may be what this
// processor was preempted for.
int Scheduler::look_elsewhere(Processor& processor, Nanos now) {
  const int rescued = rescue(processor, now);
  const int own_best = best_of(processor.queue.waiting());
  if (own_best == 0 || now >= processor.queue.next_entitlement()) return rescued;
  return rescued + steal(processor, own_best);
}

// To the processor's own queue what belongs there.
void Scheduler::bring_in(Processor& processor, Nanos now) {
  int moved = sort_in(processor, now);
  if (processors() > 1) moved += look_elsewhere(processor, now);
  // While they moved they were in no queue: who looked at that moment saw nothing.
  if (moved > 1) work_arrived();
}

Choice Scheduler::pick(Processor& processor, Nanos now, int running) {
  bring_in(processor, now);
  return processor.queue.pick(now, running);
}

bool Scheduler::anything_waits() const {
  if (!inject_.empty()) return true;
  for (const Processor& processor : processors_) {
    if (processor.queue.waiting() != 0) return true;
  }
  return false;
}

// Where one that is over due was asked, a new burst is about to begin: two looks for each preemption cost as much as
// all the rest of it.
Nanos Scheduler::first_due(Nanos now, Asked asked) const {
  if (mode_ == Preemption::kNone) return os::kNever;
  const int injected = best_of(inject_.waiting());
  int anywhere = injected;
  for (const Processor& processor : processors_) anywhere = std::min(anywhere, best_of(processor.queue.waiting()));
  Nanos first = os::kNever;
  for (const Processor& processor : processors_) {
    const int level = processor.level();
    if (level == kNoLevel) continue;
    const int own = std::min(injected, best_of(processor.queue.waiting()));
    const int best = own <= level ? own : anywhere;  // as best_waiting()
    Nanos due = std::max(processor.due_at(best), processor.not_before());
    const bool was_asked = asked == Asked::kAll || (asked == Asked::kForBetter && best < level);
    if (due <= now && was_asked) due = now + shortest_burst(processor) + kSwitchTime;
    first = std::min(first, due);
  }
  return first;
}

int Scheduler::best_waiting(const Processor& processor) const {
  const int own = best_of(processor.queue.waiting() | inject_.waiting());
  if (own <= processor.level() && own != kNoLevel) return own;
  int best = own;
  for (const Processor& other : processors_) best = std::min(best, best_of(other.queue.waiting()));
  return best;
}

// Looks around for a while. True: there is something, take it by pick().
bool Scheduler::search(Processor& processor) {
  idle_.begin_search();
  bool found = false;
  for (int round = 0; round < kSearchRounds && !found && !stopping(); ++round) {
    found = !inject_.empty() || processor.queue.waiting() != 0;
    if (!found) found = steal(processor, kNoLevel) != 0;
    if (!found) __builtin_ia32_pause();
  }
  const bool was_last = idle_.end_search();
  // Submitters woke nobody while this one searched: it wakes the next one.
  if (found && was_last) help_idle_processors();
  return found;
}

// `chosen_at`: when, if it was this worker's choice.
Choice Scheduler::next(Worker& worker, Nanos& chosen_at) {
  bool rested = false;
  for (;;) {
    if (worker.retires) return {};
    if (worker.handed) return std::exchange(worker.handed, {});
    Processor* processor = worker.processor.load(std::memory_order_relaxed);
    if (processor != nullptr) {
      const Nanos now = processor->clock.now();
      expire_timers(worker, now);
      if (now >= worker.shrink_stack_at) shrink_stack(worker, now);
      if (threads_are_scarce()) {
        if (Fiber* stopped = oldest_stopped()) return {.runnable = stopped};
      }
      if (const Choice choice = pick(*processor, now)) {
        chosen_at = now;
        // Whoever submitted while this processor was idle or looked around did not ring the watchdog.
        if (rested && anything_waits()) work_arrived();
        return choice;
      }
      rested = true;
      if (!stopping() && search(*processor)) continue;
    } else if (anything_waits() && take_idle(worker)) {
      continue;
    }
    if (stopping()) return {};
    rest(worker);
    rested = true;
  }
}

// --- Running.

void Scheduler::add(Worker& worker) {
  worker.last_processor = &processors_[worker.id % processors()];
  workers_.add(worker);
}

// Without a processor at first: the loop makes the worker a spare. Not before its thread is here, since whoever gives
// a processor to a spare counts on it to run: a thread may wait long in Options::on_thread_start for a lock that a
// stopped task holds.
void Scheduler::work() { loop(); }

void Scheduler::loop() {
  for (;;) {
    Worker& worker = Worker::current();
    if (go_home(worker)) continue;
    Nanos chosen_at = 0;
    if (const Choice choice = next(worker, chosen_at)) {
      if (worker.fiber != &worker.home && worker.home.idle.load(std::memory_order_relaxed)) {
        worker.handed = choice;  // its own stack came free meanwhile: the task starts there
        continue;
      }
      run(worker, choice, chosen_at);
    } else if (worker.fiber == &worker.home) {
      return;
    } else {
      os::sleep_until(os::now() + 20 * os::kMicrosecond);  // another worker is about to leave this one's stack
    }
  }
}

void Scheduler::run(Worker& worker, Choice choice, Nanos chosen_at) {
  Processor& processor = *worker.processor.load(std::memory_order_relaxed);
  switch (choice.runnable->kind) {
    case RunnableKind::kTask:
      return run_task(worker, static_cast<detail::Task&>(*choice.runnable), choice, chosen_at);
    case RunnableKind::kSuspendedFiber:
      worker.handed = choice;
      worker.handed.runnable = nullptr;
      jump(worker, static_cast<Fiber&>(*choice.runnable), recycle(worker, chosen_at));
      return;
    case RunnableKind::kStoppedWorker:
      worker.forget_processor();
      become_spare(worker, processor);
      give(processor, *static_cast<Fiber&>(*choice.runnable).worker, choice, os::now());
      help_idle_processors();
      return wait_as_spare(worker);
  }
}

void Scheduler::call(detail::Task& task) {
  // Without a handler nothing is unwound before std::terminate, so that the core shows where it was thrown.
  if (!on_exception) return [&task]() noexcept { task.invoke(); }();
  try {
    task.invoke();
  } catch (...) {
    on_exception(std::current_exception());
  }
}

void Scheduler::run_task(Worker& worker, detail::Task& task, Choice choice, Nanos chosen_at) {
  worker.fiber->level = task.level;
  worker.fiber->base_slice_us = task.base_slice_us;
  take_on(*worker.fiber, task);
  begin_burst(worker, chosen_at != 0 ? chosen_at : os::now(), choice);
  const Nanos date = worker.processor.load(std::memory_order_relaxed)->dispatched_at();
  Worker* after = &run_on_fiber(worker, task);
  while (detail::Task* const next = next_of_burst(*after, date)) {
    take_on(*after->fiber, *next);
    open_gate(*after);
    after = &run_on_fiber(*after, *next);
  }
}

// Short tasks are shorter than what it costs to choose and to date them: those that follow at the same moment share a
// burst. Where the last one was preempted or blocked meanwhile, it has a burst of another date.
detail::Task* Scheduler::next_of_burst(const Worker& worker, Nanos date) {
  Processor* const processor = worker.processor.load(std::memory_order_relaxed);
  if (processor == nullptr || processor->dispatched_at() != date || !processor->begins_now()) return nullptr;
  if (wants_home(worker)) return nullptr;
  return static_cast<detail::Task*>(processor->queue.take_alike(*worker.fiber));
}

void Scheduler::take_on(Fiber& fiber, const detail::Task& task) {
  fiber.migratable = task.migratable;
  fiber.used = 0;
  if (task.name != nullptr) std::strncpy(fiber.name, task.name, Fiber::kMostNameBytes);
  if (on_start != nullptr) on_start(on_start_argument);
}

// From its start to its end, on the worker that it ended on.
Worker& Scheduler::run_on_fiber(Worker& worker, detail::Task& task) {
  leave(&worker.gate);
  call(task);
  task.destroy();
  fiber::Gate* gate = fiber::current_gate();
  // The child of a fork(2) in the task: this thread is all that there is, and it has nothing left to do.
  if (gate == nullptr) os::end_process();
  Worker& after = enter(*gate);
  if (after.fiber->migratable) expect_promise_kept(after);
  after.held_locks.clear();
  check_stack(after);
  after.fiber->name[0] = '\0';
  after.completed.add();
  return after;
}

void Scheduler::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  for (int id = 0; id < workers_.size(); ++id) workers_[id].parker.unpark();
}

}  // namespace preempt::core
