// From a submission to the processor that takes it. Model: ready() and wakep() in Go's src/runtime/proc.go.
#include <algorithm>

#include "core/scheduler.h"

namespace preempt::core {

void Scheduler::submit(detail::Task& task, fiber::Gate* gate) {
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
  work_arrived(level);
}

void Scheduler::publish(Worker& worker, detail::Runnable& runnable) {
  const int level = runnable.level;
  Processor* processor = worker.processor.load(std::memory_order_relaxed);
  if (&worker.scheduler == this && processor != nullptr) {
    processor->queue.push_back(runnable);
  } else {
    inject_.push(runnable);
  }
  work_arrived(level);
}

// Something became visible in a queue. Either this sees an idle processor, or a worker that goes idle, or the watchdog
// that goes to sleep, sees the work: each of them publishes its rest and looks once more, in sequentially consistent
// order.
void Scheduler::work_arrived() { work_arrived(kNoLevel); }

// The same for a runnable of `level`, for which something worse may have to give way.
void Scheduler::work_arrived(int level) {
  const IdleProcessors::Look look = idle_.look();
  if (look.wants_waking()) {
    help_idle_processors();
    if (idle_.idle() != 0) return;
  } else {
    if (look.idle() != 0) return;
    helpers_.work_waits();
  }
  request_for(level);
}

// Work of `level` waits: the processor with the lowest level should take it, if that is lower.
void Scheduler::request_for(int level) {
  if (mode_ == Preemption::kNone || level == kNoLevel) return;
  constexpr int kMostLooks = 8;  // the watchdog looks at all of them
  const int looks = std::min(processors(), kMostLooks);
  Processor* victim = nullptr;
  for (int i = 0; i < looks; ++i) {
    const int running = processors_[i].level();
    if (running <= level || running == kNoLevel) continue;
    level = running;
    victim = &processors_[i];
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
