#include "core/runtime.h"

#include <algorithm>
#include <climits>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "asm/async.h"
#include "core/fork.h"
#include "core/options_check.h"
#include "core/promises.h"
#include "fiber/gate.h"
#include "fiber/sanitizer.h"
#include "os/membarrier.h"
#include "os/shadow_stack.h"
#include "os/thread.h"
#include "os/thread_variables.h"
#include "preempt/blocking.h"
#include "signal/code_ranges.h"
#include "signal/disposition.h"
#include "signal/fault.h"
#include "signal/handler.h"

namespace preempt::detail {

using core::Worker;

namespace {

Options resolved(Options options) {
  options.processors = core::resolve_processors(options);
  options.max_threads = std::max(options.max_threads, options.processors);
  options.stack_size = core::resolve_stack_size(options);
  return options;
}

// Where a signal is delivered late, only checkpoints keep their word.
Preemption effective(Preemption wanted) {
  return fiber::kSignalsAreDelayed ? std::min(wanted, Preemption::kCheckpoints) : wanted;
}

// What all executors of the process share; once.
bool prepare_process() {
  static const bool has_membarrier = [] {
    assembly::detect_vector_state();
    signal::find_hot_code();
    core::watch_forks();
    return os::register_membarrier();
  }();
  return has_membarrier;
}

// Whether the watchdog will see what a worker does.
bool can_see_threads() {
  os::ThreadStateFile own_state;
  return own_state.read(os::thread_id()) != os::ThreadState::kUnknown;
}

}  // namespace

Runtime::Runtime(Options options)
    : options_(resolved(std::move(options))),
      fork_generation_(core::fork_generation()),
      log_(options_),
      scheduler_(options_, effective(options_.preemption), options_.processors, options_.stack_size, *this),
      deadlock_report_(scheduler_),
      fault_report_(log_),
      watchdog_(scheduler_) {
  const bool has_membarrier = prepare_process();
  if (!has_membarrier) log_.say(core::Log::Line::kNoMembarrier);
  if (os::shadow_stack_is_on()) {
    scheduler_.forbid_fiber_switches();
    log_.say(core::Log::Line::kShadowStack);
  }
  if (scheduler_.sends_signals() && !os::may_send_signals()) {
    log_.say(core::Log::Line::kNoSignals);
    scheduler_.forbid_signals();
  }
  const bool may_hand_off = options_.max_threads > options_.processors;
  if ((may_hand_off || scheduler_.sends_signals()) && !can_see_threads()) {
    log_.say(core::Log::Line::kNoProc);
    scheduler_.cannot_see_threads();
  }
  scheduler_.allow_hand_off(may_hand_off, has_membarrier);
  scheduler_.on_exception = options_.on_exception;
  if (options_.queue_capacity != 0) {
    scheduler_.on_start = [](void* self) { static_cast<Runtime*>(self)->give_place_back(); };
    scheduler_.on_start_argument = this;
  }
  pthread_sigmask(SIG_SETMASK, nullptr, &worker_mask_);
  sigdelset(&worker_mask_, options_.signal);
  signal::acquire(SIGSEGV, &signal::handle_fault);
  if (scheduler_.sends_signals()) signal::acquire(options_.signal, &signal::handle);
  try {
    spawner_thread_.start(options_.name + "-spawn", [this] { spawn(); });
    watchdog_thread_.start(options_.name + "-watch", [this] { watchdog_.run(); });
    for (int i = 0; i < options_.processors; ++i) start_worker(*make_worker());
  } catch (...) {
    stop_threads();
    throw;
  }
}

Runtime::~Runtime() = default;

// --- Workers.

// A worker with its stacks, whose thread does not exist: one that has none any more, else a new one. In user context.
// Null: all are in use after all.
Worker* Runtime::make_worker() {
  if (unstarted_ != nullptr) return std::exchange(unstarted_, nullptr);
  if (Worker* retired = scheduler_.take_retired()) {
    join(*retired);
    retired->be_new();
    return retired;
  }
  if (static_cast<int>(workers_.size()) == options_.max_threads) return nullptr;
  const int id = static_cast<int>(workers_.size());
  const fiber::Stack stack = scheduler_.fibers().stacks().take();
  auto worker = stack ? std::make_unique<Worker>(scheduler_, id, stack) : nullptr;
  if (worker == nullptr || !worker->alternate_stack.map()) {
    if (stack) scheduler_.fibers().stacks().give_back(stack);
    throw std::system_error(
        ENOMEM, std::generic_category(),
        absl::StrCat("preempt: stack of worker ", id, " (Options::stack_size ", options_.stack_size, ")"));
  }
  if (scheduler_.fibers().stacks().unguarded() != 0) say(core::Log::Line::kUnguardedStacks);
  worker->gate.mode = scheduler_.mode();
  worker->gate.on_preempt = &core::Scheduler::on_preempt;
  worker->gate.on_fault = &Runtime::on_fault;
  worker->gate.fiber_stack = worker->home.bounds();
  worker->gate.alternate_stack = {worker->alternate_stack.low(), worker->alternate_stack.high()};
  workers_.push_back(std::move(worker));
  scheduler_.add(*workers_.back());
  return workers_.back().get();
}

// Throws std::system_error; the worker waits for the next attempt then.
void Runtime::start_worker(Worker& worker) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, worker.home.stack().low, worker.home.stack().size);
  // Until its alternate stack is in place the thread takes none of our signals.
  sigset_t mask = worker_mask_;
  sigaddset(&mask, options_.signal);
  pthread_attr_setsigmask_np(&attributes, &mask);
  scheduler_.begin_start();
  const int error = pthread_create(&worker.thread, &attributes, &Runtime::worker_main, &worker);
  pthread_attr_destroy(&attributes);
  if (error != 0) {
    scheduler_.end_start();
    unstarted_ = &worker;
    throw std::system_error(error, std::generic_category(), absl::StrCat("preempt: thread of worker ", worker.id));
  }
  worker.has_thread = true;
  const int threads = threads_.fetch_add(1, std::memory_order_relaxed) + 1;
  threads_peak_.store(std::max(threads, threads_peak_.load(std::memory_order_relaxed)), std::memory_order_relaxed);
}

void Runtime::join(Worker& worker) {
  if (std::exchange(worker.has_thread, false)) pthread_join(worker.thread, nullptr);
}

bool Runtime::begin_retirement() {
  int threads = threads_.load(std::memory_order_relaxed);
  while (threads > options_.processors) {
    if (threads_.compare_exchange_weak(threads, threads - 1, std::memory_order_relaxed)) return true;
  }
  return false;
}

void Runtime::cancel_retirement() { threads_.fetch_add(1, std::memory_order_relaxed); }

void* Runtime::worker_main(void* argument) {
  auto& worker = *static_cast<Worker*>(argument);
  static_cast<Runtime&>(worker.scheduler.helpers()).be_worker(worker);
  return nullptr;
}

void Runtime::be_worker(Worker& worker) {
  os::set_thread_name(absl::StrCat(options_.name, "/", worker.id).c_str());
  if (options_.on_thread_start) options_.on_thread_start();
  worker.gate.thread = os::thread_id();
  worker.gate.guard_word = fiber::own_guard_word();
  worker.gate.guard_word->store(0, std::memory_order_relaxed);
  if (core::promises_are_checked()) {
    const os::ThreadVariables variables = os::thread_variables();
    worker.gate.thread_variables = {variables.low, variables.high};
  }
  worker.home.adopt_thread();
  worker.alternate_stack.install();
  fiber::set_current_gate(&worker.gate);
  pthread_sigmask(SIG_SETMASK, &worker_mask_, nullptr);

  watchdog_.look_at(os::now());  // somebody may wait for it
  scheduler_.end_start();
  scheduler_.work();

  sigset_t ours;
  sigemptyset(&ours);
  sigaddset(&ours, options_.signal);
  pthread_sigmask(SIG_BLOCK, &ours, nullptr);
  fiber::set_current_gate(nullptr);
  worker.alternate_stack.uninstall();
  worker.state.close();
  if (options_.on_thread_stop) options_.on_thread_stop();
  // Last: glibc gives the thread's control block to the next thread as it is.
  worker.gate.guard_word->store(0, std::memory_order_relaxed);
}

// --- The spawner: a thread that holds no processor and may therefore block in pthread_create() (Go's template
// thread).

void Runtime::want_spare() {
  // One that is on its way will look for itself.
  if (scheduler_.awaits_workers()) return;
  if (threads() >= options_.max_threads) return threads_are_exhausted();
  if (!spare_wanted_.exchange(true, std::memory_order_acq_rel)) ring_spawner();
}

// From here on it is an ordinary pool, until a task ends. Who allows no further thread wants that.
void Runtime::threads_are_exhausted() {
  if (options_.max_threads == options_.processors) return;
  threads_exhausted_.fetch_add(1, std::memory_order_relaxed);
  say(core::Log::Line::kThreadsExhausted);
}

void Runtime::ring_spawner() {
  spawner_bell_.fetch_add(1, std::memory_order_release);
  os::futex_wake(spawner_bell_, 1);
}

void Runtime::spawn() {
  for (;;) {
    const std::uint32_t bell = spawner_bell_.load(std::memory_order_acquire);
    if (stopping_helpers_.load(std::memory_order_acquire)) return;
    if (spare_wanted_.exchange(false, std::memory_order_acq_rel)) make_spare();
    start_log();
    os::futex_wait(spawner_bell_, bell, scheduler_.shrink_idle_stacks(os::now()));
  }
}

void Runtime::make_spare() {
  if (threads() >= options_.max_threads) return;
  try {
    if (Worker* worker = make_worker()) start_worker(*worker);
  } catch (const std::exception&) {
    spares_failed_.fetch_add(1, std::memory_order_relaxed);
    say(core::Log::Line::kThreadFailed);
  }
}

// --- The log's thread is made when there is something to say.

void Runtime::say(core::Log::Line line) {
  if (log_.say(line)) ring_spawner();
}

void Runtime::start_log() {
  if (log_thread_.started() || !log_.has_lines()) return;
  try {
    log_thread_.start(options_.name + "-log", [this] { log_.run(stopping_log_); });
  } catch (const std::exception&) {
    // Without a thread there is nobody to say it; the counters of Stats remain.
  }
}

bool Runtime::handler_is_ours() { return signal::is_ours(options_.signal); }

void Runtime::signal_unanswered() {
  if (!handler_is_ours()) say(core::Log::Line::kHandlerReplaced);
}

// With fewer threads than allowed it is a matter of time, or of kThreadFailed.
void Runtime::nothing_moves(std::uint64_t moves) {
  if (threads() < options_.max_threads || !deadlock_report_.is_due(moves)) return;
  log_.say(deadlock_report_);
  ring_spawner();
}

void Runtime::on_fault(fiber::Gate& gate, const ucontext_t& context, fiber::Fault fault) {
  const Worker& worker = Worker::of(gate);
  auto& self = static_cast<Runtime&>(worker.scheduler.helpers());
  if (self.fault_report_.begin(worker, context, fault)) self.ring_spawner();
  self.fault_report_.wait();
}

// --- Submitting.

Runtime::Posted Runtime::post(Task& task, bool may_wait) {
  if (is_child_of_fork()) return Posted::kChildOfFork;
  fiber::Gate* gate = fiber::current_gate();
  const bool inside = is_own(gate);
  if (!inside) {
    // Counted before the look at `closed_`: shutdown() either refuses it here or waits for its end.
    scheduler_.count_outside();
    if (closed_.load(std::memory_order_seq_cst)) {
      scheduler_.uncount_outside();
      worker_rests();
      return Posted::kShutDown;
    }
  }
  if (options_.queue_capacity != 0 && !reserve_place(may_wait, inside)) {
    if (!inside) {
      scheduler_.uncount_outside();
      worker_rests();
    }
    return Posted::kFull;
  }
  scheduler_.submit(task, gate);
  return Posted::kYes;
}

// False: full, and not to wait. A task of this executor does not wait, it goes over the capacity.
bool Runtime::reserve_place(bool may_wait, bool inside) {
  if (inside && may_wait) {
    queued_.fetch_add(1, std::memory_order_seq_cst);
    return true;
  }
  constexpr std::size_t kUnbounded = std::numeric_limits<std::int64_t>::max();
  const auto capacity = static_cast<std::int64_t>(std::min(options_.queue_capacity, kUnbounded));
  for (;;) {
    const std::uint32_t bell = place_bell_.load(std::memory_order_seq_cst);
    std::int64_t queued = queued_.load(std::memory_order_seq_cst);
    while (queued < capacity) {
      if (queued_.compare_exchange_weak(queued, queued + 1, std::memory_order_seq_cst)) return true;
    }
    if (!may_wait) return false;
    place_waiters_.fetch_add(1, std::memory_order_seq_cst);
    if (queued_.load(std::memory_order_seq_cst) >= capacity) os::futex_wait(place_bell_, bell);
    place_waiters_.fetch_sub(1, std::memory_order_seq_cst);
  }
}

void Runtime::give_place_back() {
  queued_.fetch_sub(1, std::memory_order_seq_cst);
  if (place_waiters_.load(std::memory_order_seq_cst) == 0) return;
  place_bell_.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(place_bell_, 1);
}

// --- Waiting for the tasks' end.

void Runtime::worker_rests() {
  if (waiters_.load(std::memory_order_seq_cst) == 0) return;
  rest_bell_.fetch_add(1, std::memory_order_seq_cst);
  os::futex_wake(rest_bell_, INT_MAX);
}

// The last task's worker rests after its end, and rings then: a waiter that counted itself before sees the bell, one
// that did not sees the count.
void Runtime::wait_until_unfinished_at_most(const std::atomic<int>& allowed) {
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  for (;;) {
    const std::uint32_t bell = rest_bell_.load(std::memory_order_seq_cst);
    if (scheduler_.unfinished() <= static_cast<std::uint64_t>(allowed.load(std::memory_order_seq_cst))) break;
    os::futex_wait(rest_bell_, bell);
  }
  waiters_.fetch_sub(1, std::memory_order_seq_cst);
}

void Runtime::drain() {
  if (on_own_worker()) throw std::logic_error("preempt: drain() in a task of the executor would wait for itself");
  const Blocking blocking(kNow);  // on a worker of another executor
  static constinit std::atomic<int> none = 0;
  wait_until_unfinished_at_most(none);
}

void Runtime::shutdown() {
  closed_.store(true, std::memory_order_seq_cst);
  const Blocking blocking(kNow);
  if (on_own_worker()) {
    tasks_in_shutdown_.fetch_add(1, std::memory_order_seq_cst);
    worker_rests();  // another such task waits for one less now
    wait_until_unfinished_at_most(tasks_in_shutdown_);
    tasks_in_shutdown_.fetch_sub(1, std::memory_order_seq_cst);
    return;
  }
  static constinit std::atomic<int> none = 0;
  wait_until_unfinished_at_most(none);
  const std::lock_guard hold(shutdown_mutex_);
  stop_threads();
}

void Runtime::stop_threads() {
  if (threads_stopped_.exchange(true, std::memory_order_relaxed)) return;
  scheduler_.await_visitors();  // they ask threads, too
  // The watchdog first, so that nobody asks a thread that ends; then the spawner, so that no worker comes later.
  watchdog_.stop();
  watchdog_thread_.join();
  stopping_helpers_.store(true, std::memory_order_release);
  ring_spawner();
  spawner_thread_.join();
  scheduler_.stop();
  for (const auto& worker : workers_) join(*worker);
  if (scheduler_.sends_signals()) signal::release(options_.signal);
  signal::release(SIGSEGV);
  start_log();
  stopping_log_.store(true, std::memory_order_release);
  log_.wake();
  log_thread_.join();
}

// --- Questions.

bool Runtime::on_own_worker() const { return is_own(fiber::current_gate()); }

bool Runtime::is_own(fiber::Gate* gate) const { return gate != nullptr && &Worker::of(*gate).scheduler == &scheduler_; }

Stats Runtime::stats() const {
  Stats stats;
  scheduler_.add_to(stats);
  stats.watchdog_wakeups = watchdog_.wakeups();
  stats.spares_failed = spares_failed_.load(std::memory_order_relaxed);
  stats.workers = threads_stopped_.load(std::memory_order_relaxed) ? 0 : threads();
  stats.workers_peak = threads_peak_.load(std::memory_order_relaxed);
  stats.threads_exhausted = threads_exhausted_.load(std::memory_order_relaxed);
  return stats;
}

}  // namespace preempt::detail
