// From a submission to the processor that takes it. Model: ready() and wakep() in Go's src/runtime/proc.go.
#include <algorithm>

#include "core/scheduler.h"

namespace preempt::core {

void Scheduler::submit(detail::Task& task) {
  fiber::Gate* gate = fiber::current_gate();
  if (gate == nullptr) return publish_from_outside(task);
  // Also on a worker of another executor: what is below must not be stopped half-way.
  Worker& worker = enter(*gate);
  if (&worker.scheduler == this) worker.submitted.add();
  publish(worker, task);
#ifdef PREEMPT_EAGER
  gate->pending.store(true, std::memory_order_relaxed);
#endif
  leave(gate);
}

// In both, once it is visible the runnable may run, end and be gone.
void Scheduler::publish_from_outside(detail::Runnable& runnable) {
  const int level = runnable.level;
  inject_.push(runnable);
  work_arrived();
  request_for(level);
}

void Scheduler::publish(Worker& worker, detail::Runnable& runnable) {
  const int level = runnable.level;
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (&worker.scheduler == this && processor != nullptr) {
    processor->queue.push_back(runnable);
  } else {
    inject_.push(runnable);
  }
  work_arrived();
  request_for(level);
}

// Something became visible in a queue. Either this sees an idle processor, or a worker that goes idle, or the watchdog
// that goes to sleep, sees the work: each of them publishes its rest and looks once more, in sequentially consistent
// order.
void Scheduler::work_arrived() {
  if (idle_.wants_waking()) {
    help_idle_processors();
  } else if (idle_.idle() == 0) {
    helpers_.work_waits();
  }
}

// Work of `level` waits: the processor with the lowest level should take it, if that is lower.
void Scheduler::request_for(int level) {
  if (mode_ == Preemption::kNone || idle_.idle() != 0) return;
  constexpr int kMostLooks = 8;
  Processor* victim = nullptr;
  int looks = 0;
  for (Processor& processor : processors_) {
    if (++looks > kMostLooks) break;  // the watchdog looks at all of them
    const int running = processor.level();
    if (running != kNoLevel && running > (victim == nullptr ? level : victim->level())) victim = &processor;
  }
  if (victim == nullptr) return;
  const Nanos now = os::now();
  const Nanos when = std::max(victim->protected_until(), victim->not_before());
  if (now < when) {
    helpers_.look_at(when);
  } else {
    look(*victim, now, Suspicion::kNone, Looker::kSubmitter);
  }
}

}  // namespace preempt::core
