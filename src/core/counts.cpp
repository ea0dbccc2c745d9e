// What the scheduler's counters say, added up over its workers.
#include "core/scheduler.h"

namespace preempt::core {

std::uint64_t Scheduler::unfinished() const {
  // Ends only grow, and a task's submission is counted before its end: with the ends read first, equality means
  // that at the moment between the two reads every submitted task had ended.
  std::uint64_t completed = 0, submitted = 0;
  const int workers = workers_.size();
  for (int id = 0; id < workers; ++id) completed += workers_[id].completed.get();
  const int workers_now = workers_.size();
  for (int id = 0; id < workers_now; ++id) submitted += workers_[id].submitted.get();
  return submitted + submitted_outside_.load(std::memory_order_seq_cst) - completed;
}

std::uint64_t Scheduler::moves() const {
  std::uint64_t sum = handoffs_.load(std::memory_order_relaxed);
  for (int id = 0; id < workers_.size(); ++id) sum += workers_[id].returns_on_credit.get();
  for (const Processor& processor : processors_) sum += static_cast<std::uint64_t>(processor.dispatched_at());
  return sum;
}

void Scheduler::add_to(Stats& stats) const {
  stats.tasks_submitted += submitted_outside_.load(std::memory_order_relaxed);
  stats.steals += steals_.load(std::memory_order_relaxed);
  stats.handoffs += handoffs_.load(std::memory_order_relaxed);
  stats.signals_sent += signals_sent_.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < stats.verdicts.size(); ++i) {
    stats.verdicts[i] += verdicts_[i].load(std::memory_order_relaxed);
  }
  stats.stacks_unguarded += static_cast<std::uint64_t>(fibers_.stacks().unguarded());
  const int workers = workers_.size();
  for (int id = 0; id < workers; ++id) {
    const Worker& worker = workers_[id];
    stats.tasks_submitted += worker.submitted.get();
    stats.tasks_completed += worker.completed.get();
    stats.checkpoint_yields += worker.checkpoint_yields.get();
    stats.fiber_preemptions += worker.fiber_preemptions.get();
    stats.thread_preemptions += worker.thread_preemptions.get();
    stats.fiber_switches += worker.fiber_switches.get();
    stats.returns_own += worker.returns_own.get();
    stats.returns_idle += worker.returns_idle.get();
    stats.returns_queued += worker.returns_queued.get();
    stats.returns_on_credit += worker.returns_on_credit.get();
    for (std::size_t i = 0; i < stats.verdicts.size(); ++i) stats.verdicts[i] += worker.gate.verdicts[i].get();
  }
}

}  // namespace preempt::core
