// Workers that compute for a moment without a processor after a block, and those that do so for too long. README.md,
// "On credit".
#include <algorithm>
#include <atomic>
#include <utility>

#include "core/scheduler.h"
#include "os/thread.h"

namespace preempt::core {
namespace {

// Whose bursts between blocks are shorter needs no processor for them: to park and to be woken would cost as much.
constexpr Nanos kShortBurst = 100 * os::kMicrosecond;
// As much is forgiven before a worker is called back.
constexpr Nanos kMostCredit = os::kMillisecond;
// For each processor: so many may compute beside its own worker, on the same cpus.
constexpr int kMostOnCredit = 8;
// To read the cpu time is a system call, as long as many a burst. So many short bursts are taken for as long as the
// clock says, which is never too short; what the kernel adds to them is charged at the next reading.
constexpr int kMostUnread = 8;

}  // namespace

// The end of a block, its processor gone. False: it must come back.
bool Scheduler::go_on_credit(Worker& worker, const Block& block, Nanos now) {
  // Without signals, or a look at who computes, nobody could call it back.
  if (mode_ != Preemption::kEverywhere || !sends_signals() || !sees_threads_.load(std::memory_order_relaxed))
    return false;
  if (idle_processors() > 0 || on_credit() >= kMostOnCredit * processors()) return false;
  if (!deserves_credit(worker, block)) return false;
  book(block, *worker.fiber);
  worker.lost_at.store(now, std::memory_order_relaxed);
  worker.ran_before_loss.store(0, std::memory_order_relaxed);
  worker.returns_on_credit.add();
  worker.gate.ask();  // at its next checkpoint it comes back
  worker.on_credit.store(true, std::memory_order_relaxed);
  on_credit_.fetch_add(1, std::memory_order_seq_cst);
  if (!credit_was_given() && !credit_given_.exchange(true, std::memory_order_seq_cst)) helpers_.credit_given();
  return true;
}

bool Scheduler::deserves_credit(const Worker& worker, const Block& block) const {
  if (block.longest_burst > kShortBurst) return false;
  if (worker.gate.asked.load(std::memory_order_relaxed)) return false;  // our signals do not reach it
  const int level = worker.fiber->level;
  if (level >= first_level(Priority::kBackground)) return false;
  return std::all_of(processors_.begin(), processors_.end(),
                     [level](const Processor& processor) { return best_of(processor.queue.waiting()) >= level; });
}

// What the worker did since it lost its processor, or went on without; what it computed since is no sleep.
Scheduler::Block Scheduler::look_back(Worker& worker, Nanos now) {
  const Nanos from = worker.lost_at.load(std::memory_order_relaxed);
  const Nanos seen = worker.cpu_time_seen.load(std::memory_order_relaxed);
  if (const Nanos ended = std::exchange(worker.credit_ended, 0);
      ended != 0 && ended - from <= kShortBurst && ++worker.unread_bursts < kMostUnread) {
    worker.cpu_time_seen.store(seen + (ended - from), std::memory_order_relaxed);
    return {.ran = ended - from, .longest_burst = ended - from, .slept = now - ended};
  }
  worker.unread_bursts = 0;
  const Nanos cpu_time = os::thread_cpu_time(worker.gate.thread);
  worker.cpu_time_seen.store(cpu_time, std::memory_order_relaxed);
  const Nanos before = worker.ran_before_loss.load(std::memory_order_relaxed);
  const Nanos since = std::max<Nanos>(cpu_time - seen, 0);
  return {.ran = before + since, .longest_burst = std::max(before, since), .slept = now - from - since};
}

void Scheduler::end_credit(Worker& worker) {
  if (!worker.on_credit.load(std::memory_order_relaxed)) return;
  worker.on_credit.store(false, std::memory_order_relaxed);
  on_credit_.fetch_sub(1, std::memory_order_relaxed);
}

// A few of the workers that lost their processor: those that compute for long are called back.
void Scheduler::look_at_lost(Nanos now) {
  constexpr int kMostReads = 32;
  constexpr int kMostLooks = 8;  // a look into /proc takes as long as five reads of a clock
  const int count = workers_.size();
  int reads = 0, looks = 0;
  for (int i = 0; i < count && reads < kMostReads && looks < kMostLooks; ++i) {
    next_lost_ = (next_lost_ + 1) % count;
    Worker& worker = workers_[next_lost_];
    if (worker.gate.lost.load(std::memory_order_relaxed) != fiber::Lost::kTaken ||
        worker.gate.in_scheduler.load(std::memory_order_relaxed) ||
        worker.gate.blocking.load(std::memory_order_relaxed) != 0) {
      continue;
    }
    ++reads;
    if (has_credit(worker)) continue;
    ++looks;
    if (state_of(worker) != os::ThreadState::kRunning) continue;
    if (mode_ != Preemption::kNone) worker.gate.ask();
    if (sends_signals()) send(worker, now);
  }
}

// Little cpu time since it lost its processor, or went on without.
bool Scheduler::has_credit(const Worker& worker) const {
  const Nanos computed = os::thread_cpu_time(worker.gate.thread) - worker.cpu_time_seen.load(std::memory_order_relaxed);
  return computed < std::min(slices_.base(), kMostCredit);
}

}  // namespace preempt::core
