// One executor: its options, its scheduler and the threads around it, from construction to the last thread's end.
#ifndef PREEMPT_CORE_RUNTIME_H_
#define PREEMPT_CORE_RUNTIME_H_

#include <signal.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "core/deadlock_report.h"
#include "core/fault_report.h"
#include "core/fork.h"
#include "core/log.h"
#include "core/scheduler.h"
#include "core/thread.h"
#include "core/watchdog.h"
#include "os/futex.h"
#include "preempt/detail/task.h"
#include "preempt/options.h"
#include "preempt/stats.h"

namespace preempt::detail {

class Runtime final : core::Helpers {
 public:
  // `options` are valid. Throws std::system_error, with nothing left started.
  explicit Runtime(Options options);
  ~Runtime();
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  enum class Posted { kYes, kFull, kShutDown, kChildOfFork };
  // Takes the task over if kYes.
  Posted post(Task& task, bool may_wait);
  void drain();
  void shutdown();
  Stats stats() const;
  core::Slices& slices() { return scheduler_.slices(); }
  const Options& options() const { return options_; }

  bool on_own_worker() const;
  bool is_child_of_fork() const { return core::fork_generation() != fork_generation_; }

 private:
  bool is_own(fiber::Gate* gate) const;
  int threads() const { return threads_.load(std::memory_order_relaxed); }

  // --- core::Helpers.
  // The alarm of a child is its parent's.
  void look_at(core::Nanos when) override {
    if (!is_child_of_fork()) watchdog_.look_at(when);
  }
  void work_waits() override {
    if (!is_child_of_fork()) watchdog_.work_waits();
  }
  void postpone_look(core::Nanos now) override { watchdog_.postpone_look(now); }
  void credit_given() override { watchdog_.credit_given(); }
  void want_spare() override;
  void signal_unanswered() override;
  bool handler_is_ours() override;
  void worker_rests() override;
  bool begin_retirement() override;
  void cancel_retirement() override;
  void stack_rests() override { ring_spawner(); }
  void nothing_moves(std::uint64_t moves) override;

  // --- Threads.
  core::Worker* make_worker();
  void start_worker(core::Worker& worker);
  static void join(core::Worker& worker);
  static void* worker_main(void* worker);
  void be_worker(core::Worker& worker);
  void spawn();  // the spawner's body
  void threads_are_exhausted();
  void ring_spawner();
  void make_spare();
  void say(core::Log::Line line);
  static void on_fault(fiber::Gate& gate, const ucontext_t& context, fiber::Fault fault);
  void start_log();
  void stop_threads();

  // --- Waiting for the tasks' end.
  bool reserve_place(bool may_wait, bool inside);
  void give_place_back();
  void wait_until_unfinished_at_most(const std::atomic<int>& allowed);

  Options options_;
  const int fork_generation_;
  sigset_t worker_mask_ = {};
  core::Log log_;
  core::Scheduler scheduler_;
  core::DeadlockReport deadlock_report_;
  core::FaultReport fault_report_;
  core::Watchdog watchdog_;
  std::vector<std::unique_ptr<core::Worker>> workers_;  // by the constructor, then the spawner
  core::Worker* unstarted_ = nullptr;                   // made, but its thread could not be had
  std::atomic<int> threads_ = 0, threads_peak_ = 0;
  core::HelperThread watchdog_thread_, spawner_thread_, log_thread_;
  std::atomic<bool> stopping_helpers_ = false, stopping_log_ = false;
  os::FutexWord spawner_bell_ = 0;
  std::atomic<bool> spare_wanted_ = false;
  std::atomic<std::uint64_t> spares_failed_ = 0, threads_exhausted_ = 0;

  std::atomic<bool> closed_ = false;
  std::mutex shutdown_mutex_;
  std::atomic<bool> threads_stopped_ = false;
  std::atomic<int> tasks_in_shutdown_ = 0;  // tasks that wait for all others
  std::atomic<int> waiters_ = 0;
  os::FutexWord rest_bell_ = 0;  // rung when a worker rests while somebody waits

  alignas(base::kCacheLine) std::atomic<std::int64_t> queued_ = 0;  // fresh tasks; counted with a queue_capacity only
  os::FutexWord place_bell_ = 0;
  std::atomic<int> place_waiters_ = 0;
};

}  // namespace preempt::detail

#endif  // PREEMPT_CORE_RUNTIME_H_
