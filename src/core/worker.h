// A kernel thread that runs tasks (Go's M).
#ifndef PREEMPT_CORE_WORKER_H_
#define PREEMPT_CORE_WORKER_H_

#include <pthread.h>

#include <atomic>
#include <cstdint>

#include "base/counter.h"
#include "core/parker.h"
#include "core/run_queue.h"
#include "fiber/fiber.h"
#include "fiber/gate.h"
#include "fiber/held_locks.h"
#include "os/alternate_stack.h"
#include "os/thread.h"

namespace preempt::core {

class Processor;
class Scheduler;
struct Waiter;

// What the fiber that is switched to does with the one that was left: only then may others see it.
struct AfterSwitch {
  enum class Action { kNothing, kFinishSwap, kPublishFirst, kPublishLast, kAwaitWaking, kRecycle };
  Action action = Action::kNothing;
  Fiber* fiber = nullptr;
  Waiter* waiter = nullptr;  // kAwaitWaking
  Nanos at = 0;              // when, if it is known
};

// Lives from its thread's creation to the end of the executor. Its thread is in one of these states:
//   running   `processor` is set, Processor::worker is this; in_scheduler says whether a task or the loop runs
//   lost      a task runs or sleeps, the processor was taken: gate.lost is kTaken
//   stopped   parked under its task, whose fiber is in a run queue (kStoppedWorker)
//   spare     parked without a task, in a processor's spares
//   retired   its thread has ended or is about to, its parker is closed; still in the spares, or in Scheduler::retired_
class Worker {
 public:
  Worker(Scheduler& its_scheduler, int its_id, fiber::Stack stack)
      : scheduler(its_scheduler), id(its_id), home(stack, this), fiber(&home) {
    gate.worker = this;
  }

  // For a further thread, after the former one has ended.
  void be_new() {
    parker.open();
    gate.pending.store(false, std::memory_order_relaxed);
    gate.asked.store(false, std::memory_order_relaxed);
    retires = false;
  }

  static Worker& of(fiber::Gate& gate) { return *static_cast<Worker*>(gate.worker); }
  static Worker& current() { return of(*fiber::current_gate()); }

  void forget_processor() {
    if (Processor* had = processor.load(std::memory_order_relaxed)) last_processor = had;
    processor.store(nullptr, std::memory_order_relaxed);
  }

  Scheduler& scheduler;
  const int id;
  fiber::Gate gate;
  Parker parker;
  Fiber home;    // the thread's own stack
  Fiber* fiber;  // the one that it runs on

  // Written by whoever gives the worker a processor, before unpark(), and by the worker itself in the scheduler. The
  // watchdog reads it between claiming and taking.
  std::atomic<Processor*> processor = nullptr;
  Processor* last_processor = nullptr;  // where it was last
  Choice handed;                        // given together with the processor
  Nanos handed_at = 0;                  // by another thread, then; 0: not so
  AfterSwitch after_switch;
  fiber::HeldLocks held_locks;  // the owner's

  // Taking: written by the watchdog before gate.lost becomes kTaken.
  std::atomic<Nanos> lost_at = 0;
  std::atomic<Nanos> ran_before_loss = 0;
  std::atomic<Nanos> cpu_time_seen = 0;  // of the thread, when it last lost a processor or came back

  // Credit; the owner's.
  std::atomic<bool> on_credit = false;  // computes without a processor after a block
  Nanos credit_ended = 0;               // when it blocked again on credit; 0: it did not, or nobody looked at the clock
  int unread_bursts = 0;                // on credit, since its cpu time was read

  // Sending.
  os::ThreadStateFile state;
  std::atomic<Nanos> asked_at = 0;                  // the last signal
  std::atomic<Nanos> unanswered_from = os::kNever;  // the thread's user time when the first one was late
  std::atomic<unsigned> requests = 0;               // since a call of this worker is spared

  std::atomic<std::uint32_t> spare_below = 0;  // link of SpareStack: number + 1
  Nanos shrink_stack_at = 0;                   // the owner's
  bool retires = false;                        // the owner's: its thread is about to end
  bool has_thread = false;                     // the spawner's: `thread` is to be joined
  pthread_t thread = {};
  os::AlternateStack alternate_stack;

  // Counts of this worker; Stats adds them up.
  base::Counter submitted, completed, checkpoint_yields, fiber_preemptions, thread_preemptions, fiber_switches;
  base::Counter returns_own, returns_idle, returns_queued, returns_on_credit;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_WORKER_H_
