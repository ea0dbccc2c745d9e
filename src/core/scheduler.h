// Who runs what where: the transitions between processors, workers and runnables.
#ifndef PREEMPT_CORE_SCHEDULER_H_
#define PREEMPT_CORE_SCHEDULER_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "core/fiber_pool.h"
#include "core/idle_processors.h"
#include "core/inject_queue.h"
#include "core/levels.h"
#include "core/processor.h"
#include "core/spare_stack.h"
#include "core/timers.h"
#include "core/worker.h"
#include "preempt/detail/task.h"
#include "preempt/options.h"
#include "preempt/stats.h"

namespace preempt::core {

// What the scheduler asks of the threads around it. Async-signal-safe; called with any locks of the program held.
class Helpers {
 public:
  // Look at the processors at `when` or earlier.
  virtual void look_at(Nanos when) = 0;
  // Work waits: do not sleep without end.
  virtual void work_waits() = 0;
  // A burst has begun `now`: the look that was planned may have become needless.
  virtual void postpone_look(Nanos now) = 0;
  // A worker computes without a processor: do not sleep without end.
  virtual void credit_given() = 0;
  // A spare thread is missing.
  virtual void want_spare() = 0;
  // A signal found no handler of ours within its time.
  virtual void signal_unanswered() = 0;
  // No other handler lies over ours.
  virtual bool handler_is_ours() = 0;
  // A worker has nothing to do: tell who waits for the tasks' end.
  virtual void worker_rests() = 0;
  // There are more threads than processors, and one less from now on; or that came to nothing.
  virtual bool begin_retirement() = 0;
  virtual void cancel_retirement() = 0;
  // The first of the stacks rests that Scheduler::shrink_idle_stacks() is to look at.
  virtual void stack_rests() = 0;
  // Tasks wait, and for long there was no move (Scheduler::moves) and no task that computes.
  virtual void nothing_moves(std::uint64_t moves) = 0;

 protected:
  ~Helpers() = default;
};

// The scheduler of one executor. "In the scheduler" means: on a worker, with gate.in_scheduler set, so that the handler
// does nothing; or on a thread of the library's own (watchdog, spawner).
class Scheduler {
 public:
  Scheduler(const Options& options, Preemption mode, int processors, std::size_t stack_size, Helpers& helpers);

  // --- In user context, on any thread.
  // `gate` is the calling thread's.
  void submit(detail::Task& task, fiber::Gate* gate);
  // One more submission from outside is on its way, or came to nothing. submit() on a worker counts itself.
  void count_outside() { submitted_outside_.fetch_add(1, std::memory_order_seq_cst); }
  void uncount_outside() { submitted_outside_.fetch_sub(1, std::memory_order_seq_cst); }
  // How many tasks have not ended, at most: exact when nothing moves, never too low (see Runtime::drain).
  std::uint64_t unfinished() const;

  // --- In user context, on a worker.
  // core/waiter.h.
  static bool suspend(fiber::Gate& gate, Waiter& waiter, Nanos deadline);

  // --- In user context, on any thread, and on the watchdog.
  void resume(Fiber& fiber);

  // --- In user context, on a worker.
  enum class Leave { kWhenTaken, kNow };
  static void begin_blocking(fiber::Gate& gate, Leave leave);
  static void end_blocking(fiber::Gate& gate);

  // --- Workers.
  void add(Worker& worker);
  // One whose thread retired, if a spare was looked for since; null: none. The spawner's.
  Worker* take_retired() { return retired_.pop(workers_); }
  void begin_start() { starting_.fetch_add(1, std::memory_order_seq_cst); }
  void end_start() { starting_.fetch_sub(1, std::memory_order_seq_cst); }
  void work();  // a thread's whole life between its set-up and its end
  // What idle fibers need no more goes back to the kernel, kShrinkEvery after the first of them came to rest. Returns
  // when that is; kNever: none did. The spawner's.
  Nanos shrink_idle_stacks(Nanos now);
  bool awaits_workers() const { return starting_.load(std::memory_order_seq_cst) > 0; }
  static Verdict on_preempt(fiber::Gate& gate, fiber::Entry entry);

  // --- The watchdog's.
  enum class Suspicion { kNone, kSameBurst };
  // Looks at one processor: a burst whose time is over is asked to end; a worker that sleeps loses the processor
  // (true). With kSameBurst a look into /proc is worth its time.
  bool look_at(Processor& processor, Nanos now, Suspicion suspicion);
  void look_at_lost(Nanos now);
  bool has_lost() const { return lost_.load(std::memory_order_relaxed) > 0; }
  int on_credit() const { return on_credit_.load(std::memory_order_relaxed); }
  // Whether somebody was given credit since the last call; for the watchdog.
  bool take_credit_given() { return credit_given_.exchange(false, std::memory_order_seq_cst); }
  bool credit_was_given() const { return credit_given_.load(std::memory_order_seq_cst); }
  bool anything_waits() const;
  // From a request to the next burst's beginning, generously.
  static constexpr Nanos kSwitchTime = 20 * os::kMicrosecond;
  // When the first of the bursts that run is due; kNever when none will be. Of those that are over due, `asked` says
  // which ones were asked to end.
  enum class Asked { kNone, kForBetter, kAll };
  Nanos first_due(Nanos now, Asked asked) const;
  // Bursts that end before `when` are told to the watchdog, which may be told of a later time from `postpone_from` on.
  void plan_look(Nanos when, Nanos postpone_from) {
    planned_look_.store(when, std::memory_order_relaxed);
    postpone_look_from_.store(postpone_from, std::memory_order_relaxed);
  }
  // What runs next on it will run so long, or longer: a stopped worker that has its turn gets no whole slice.
  Nanos shortest_burst(const Processor& processor) const {
    return processor.queue.oldest_stopped() == os::kNever ? slices_.base() : slices_.least_run();
  }
  int best_waiting(const Processor& processor) const;
  void help_idle_processors();
  // Grows with each dispatch and each hand-off.
  std::uint64_t moves() const;
  // Every processor is idle, with no worker to run it, or its task sleeps. Looks into /proc.
  bool all_are_blocked();
  void expire_timers(Nanos now);
  Nanos next_timer() const { return with_slack(timers_.first()); }

  // --- The end. Every worker leaves work() when it has no task; call when all tasks have ended.
  void stop();
  void await_visitors() const;  // until nobody outside works for a task that it woke
  bool stopping() const { return stopping_.load(std::memory_order_seq_cst); }

  int processors() const { return processor_count_; }
  Processor& processor(int id) { return processors_[id]; }
  const Processor& processor(int id) const { return processors_[id]; }
  WorkerTable& workers() { return workers_; }
  const WorkerTable& workers() const { return workers_; }
  Slices& slices() { return slices_; }
  FiberPool& fibers() { return fibers_; }
  int idle_processors() const { return idle_.idle(); }
  // Taking a sleeper's processor needs membarrier(2), giving one's own away does not; both need a further thread.
  void allow_hand_off(bool allowed, bool also_taking) {
    may_give_ = allowed;
    may_take_ = allowed && also_taking;
  }
  void forbid_fiber_switches() { may_switch_fibers_ = false; }
  void forbid_signals() { may_signal_ = false; }
  void cannot_see_threads() { sees_threads_.store(false, std::memory_order_relaxed); }
  Helpers& helpers() { return helpers_; }
  void add_to(Stats& stats) const;
  Preemption mode() const { return mode_; }
  bool sends_signals() const { return mode_ >= Preemption::kSignalSafe && may_signal_; }

  // Called on the worker with what a task threw.
  std::function<void(std::exception_ptr)> on_exception;
  // Called when a fresh task leaves the queue; null: nobody counts.
  void (*on_start)(void*) = nullptr;
  void* on_start_argument = nullptr;

 private:
  enum class Due { kNothingWaits, kNotYet, kNow };

  // --- scheduler.cpp: the loop and its way to the next runnable; submitting.cpp, idleness.cpp: what comes, what rests.
  static Worker& enter(fiber::Gate& gate);
  static Worker& enter() { return enter(*fiber::current_gate()); }
  // On the calling thread; `gate` is its own, if the caller knows it.
  static void leave() { leave(fiber::current_gate()); }
  static void leave(fiber::Gate* gate) {
    open_door(*gate);
    if (__builtin_expect(gate->pending.load(std::memory_order_relaxed), false)) catch_up(gate);
  }
  static void open_door(fiber::Gate& gate) {
    gate.in_scheduler.store(false, std::memory_order_release);  // pairs with take()
    std::atomic_signal_fence(std::memory_order_seq_cst);
  }
  static void catch_up(fiber::Gate* gate);
  void loop();
  Choice next(Worker& worker, Nanos& chosen_at);
  bool search(Processor& processor);
  int steal(Processor& thief, int worse_than);
  int rescue(Processor& processor, Nanos now);
  int sort_in(Processor& processor, Nanos now);
  void run(Worker& worker, Choice choice, Nanos chosen_at);
  void call(detail::Task& task);
  void run_task(Worker& worker, detail::Task& task, Choice choice, Nanos chosen_at);
  void take_on(Fiber& fiber, const detail::Task& task);
  Worker& run_on_fiber(Worker& worker, detail::Task& task);
  static detail::Task* next_of_burst(const Worker& worker, Nanos date);
  static bool wants_home(const Worker& worker);
  int look_elsewhere(Processor& processor, Nanos now);
  void bring_in(Processor& processor, Nanos now);
  Choice pick(Processor& processor, Nanos now, int running = kNoLevel);
  void rest(Worker& worker);
  void wait_as_spare(Worker& worker);
  void make_idle(Processor& processor);
  void become_spare(Worker& worker, Processor& processor);
  static void shrink_stack(Worker& worker, Nanos now);
  void note_idle_stack();
  void publish(Worker& worker, detail::Runnable& runnable);
  void publish_from_outside(detail::Runnable& runnable);
  void work_arrived();
  void work_arrived(int level);
  void request_for(int level);

  // --- switching.cpp: thread switch and fiber switch.
  Verdict preempt(Worker& worker, fiber::Entry entry);
  Due due(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry);
  Verdict stop_thread(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry);
  bool suspend_fiber(Worker& worker, Processor& processor, Nanos now, fiber::Entry entry);
  static bool is_worse(Choice choice, const Fiber& running, fiber::Entry entry);
  Worker* swap_for_stopped(Processor& processor, Choice& choice);
  void begin_burst_again(Worker& worker, Processor& processor, Nanos now);
  static bool goes_last(const Fiber& fiber, fiber::Entry entry);
  static void count_switch(Worker& worker, fiber::Entry entry);
  void charge(Processor& processor, Fiber& fiber, Nanos now);
  void fall_if_used_up(Fiber& fiber) const;
  void begin_burst(Worker& worker, Nanos now, Choice how);
  void tell_watchdog(const Processor& processor, Nanos now);
  // For the task that runs next.
  void open_gate(Worker& worker) const {
    worker.gate.migratable.store(worker.fiber->migratable && may_switch_fibers_, std::memory_order_relaxed);
    worker.gate.tries = 0;
    worker.gate.cut_short.store(false, std::memory_order_relaxed);
#ifdef PREEMPT_EAGER
    worker.gate.ask();  // the next checkpoint, also one that the compiler put in
#else
    worker.gate.clear_guard_word();
#endif
  }
  void resume_task(Nanos now);
  Worker* successor(Processor& processor, Choice& choice);
  Worker* take_spare(Processor& processor);
  bool threads_are_scarce() const;
  void give(Processor& processor, Worker& worker, Choice choice, Nanos now);
  Fiber* fiber_for(Worker& worker, Choice choice);
  Nanos jump(Worker& worker, Fiber& target, AfterSwitch after);
  Nanos arrive();
  static void fiber_main(void* scheduler);
  bool go_home(Worker& worker);
  // Of the fiber that runs: one without a guard page may have overwritten what is below it, maybe another task's stack.
  static void check_stack(Worker& worker) {
    if (__builtin_expect(!worker.fiber->stack().is_whole(), false)) stack_was_overwritten(worker);
  }
  [[noreturn]] static void stack_was_overwritten(Worker& worker);
  static AfterSwitch recycle(const Worker& worker, Nanos now) {
    return {.action = AfterSwitch::Action::kRecycle, .fiber = worker.fiber, .at = now};
  }

  // --- waiting.cpp: fibers that wait to be woken.
  bool set_aside(Worker& worker, Waiter& waiter, Nanos deadline);
  void ends_waiting(Fiber& fiber, Nanos now) const;
  void expire_timers(Worker& worker, Nanos now);
  Nanos with_slack(Nanos deadline) const;

  // --- handoff.cpp: taking processors and coming back.
  bool take(Worker& worker, Nanos now);
  void lose_processor(Worker& worker, Nanos now);
  void heed_claim(Worker& worker);
  bool take_idle(Worker& worker);
  void return_without_processor(Worker& worker);

  // --- Credit.
  // A block, with what was computed before it and since.
  struct Block {
    Nanos ran = 0;  // not charged yet
    Nanos longest_burst = 0;
    Nanos slept = 0;
  };
  static Block look_back(Worker& worker, Nanos now);
  void book(const Block& block, Fiber& fiber) const;
  bool go_on_credit(Worker& worker, const Block& block, Nanos now);
  void end_credit(Worker& worker);
  bool deserves_credit(const Worker& worker, const Block& block) const;
  bool has_credit(const Worker& worker) const;
  static bool end_unnoticed(fiber::Gate& gate);  // false: only begun
  static void book_loss(Worker& worker, const Processor& processor, Nanos now);
  void found(Worker& worker);
  void pass_on(Processor& processor, Nanos now);
  bool pass_on_by_choice(Processor& processor, Nanos now);
  Fiber* oldest_stopped();
  void come_back(Worker& worker);
  void come_back(Worker& worker, const Block& block, Nanos now);
  static void begin_at_the_top(Fiber& fiber);
  enum class Looker { kWatchdog, kSubmitter };
  bool look(Processor& processor, Nanos now, Suspicion suspicion, Looker looker);
  os::ThreadState state_of(Worker& worker);
  static bool is_due(const Processor& processor, int best, Nanos now);
  void request(Processor& processor, Worker& worker, Nanos now);
  static bool is_spared(Worker& worker);
  bool send(Worker& worker, Nanos now);
  // A request without an answer for so long counts as lost.
  Nanos expiry() const { return std::clamp(slices_.base(), os::kMillisecond, 10 * os::kMillisecond); }
  void count(Verdict verdict) { verdicts_[static_cast<std::size_t>(verdict)].fetch_add(1, std::memory_order_relaxed); }

  Helpers& helpers_;
  Slices slices_;
  const int processor_count_;
  std::vector<Processor> processors_;
  IdleProcessors idle_;
  InjectQueue inject_;
  WorkerTable workers_;
  FiberPool fibers_;
  // The watchdog's: 0 while nothing waits, kNever while it is awake.
  alignas(base::kCacheLine) std::atomic<Nanos> planned_look_ = 0;
  std::atomic<Nanos> postpone_look_from_ = os::kNever;
  // Workers that compute without a processor after a block. On a line of its own: each scope of theirs changes it.
  alignas(base::kCacheLine) std::atomic<int> on_credit_ = 0;
  alignas(base::kCacheLine) std::atomic<bool> credit_given_ = false;  // since the watchdog looked
  std::atomic<bool> sees_threads_ = true;                             // /proc says who computes
  static constexpr Nanos kLongestAnswer = 20 * os::kMillisecond;      // of the user time of who was sent a signal
  static constexpr Nanos kLeastTimerSlack = 50 * os::kMicrosecond;    // as the kernel's, prctl(2) PR_SET_TIMERSLACK
  static constexpr Nanos kMostTimerSlack = os::kMillisecond;
  std::atomic<Nanos> shrink_stacks_at_ = os::kNever;
  Timers timers_;
  std::atomic<Nanos> timer_slack_ = kLeastTimerSlack;
  std::atomic<bool> workers_expired_ = false;  // since the watchdog looked
  SpareStack retired_;
  std::atomic<int> spares_ = 0;
  std::atomic<int> starting_ = 0;  // threads on their way to work()
  std::atomic<int> lost_ = 0;      // workers whose processor was taken and that have none yet
  std::atomic<bool> stopping_ = false;
  std::atomic<int> visitors_ = 0;  // threads of no executor, or of another, in resume()
  const Preemption mode_;
  const int signal_;
  bool may_give_ = true;
  bool may_take_ = true;
  bool may_signal_ = true;
  bool may_switch_fibers_ = true;
  int next_lost_ = 0;  // the watchdog's round over lost workers
  alignas(base::kCacheLine) std::atomic<std::uint64_t> submitted_outside_ = 0;
  alignas(base::kCacheLine) std::atomic<std::uint64_t> steals_ = 0;
  std::atomic<std::uint64_t> handoffs_ = 0;
  std::atomic<std::uint64_t> signals_sent_ = 0;
  std::atomic<std::uint64_t> verdicts_[static_cast<std::size_t>(Verdict::kCount)] = {};  // the sender's
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_SCHEDULER_H_
