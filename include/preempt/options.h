// What an Executor and a task can be told.
//
// Every field says its default, its unit, its range and what a wrong value costs. A wrong value is an error that
// names the field, the value and the allowed range; nothing is clamped silently.
#ifndef PREEMPT_OPTIONS_H_
#define PREEMPT_OPTIONS_H_

#include <chrono>
#include <csignal>
#include <cstddef>
#include <exception>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "preempt/detail/config.h"

namespace preempt {

// How a running task may be interrupted. Each value includes those before it.
enum class Preemption {
  kNone,         // never: a plain thread pool
  kCheckpoints,  // at PREEMPT_CHECKPOINT() and yield(); no signal is sent
  kSignalSafe,   // also by signal, where the program counter is in a PREEMPT_SIGNAL_SAFE function
  kEverywhere,   // also by signal at any instruction, by parking the task's thread
};

// Class of a task. A waiting task of a higher class preempts a running one of a lower class; no class starves: each
// waiting level gets one base slice in 60 base slices of a processor's time.
enum class Priority { kHigh, kNormal, kBackground };

// About one task. Copied before execute() returns.
struct TaskOptions {
  // Class of the task.
  Priority priority = Priority::kNormal;

  // Kept with the task as a copy of at most 64 bytes, for debuggers (fiber::Fiber::name); longer names are cut.
  std::string_view name = {};

  // Base slice of this task in place of Options::time_slice, 20 us .. 10 s; 0: the executor's. std::invalid_argument
  // from execute() otherwise.
  std::chrono::nanoseconds time_slice = {};

  // The author's promise about *every* frame of the task: at each checkpoint, yield and PREEMPT_SIGNAL_SAFE
  // instruction it holds no lock that belongs to a thread, and uses no thread's identity (thread_local, errno, thread
  // id, stack bounds) across it. Such a task is set aside without its thread, and may go on on another one. Breaking
  // the promise corrupts memory silently. Or'ed with Options::migratable.
  bool migratable = false;
};

// About one Executor.
struct PREEMPT_EXPORT Options {
  // How many tasks run at once, 1 .. 1024. 0: the cpus that this process may use (affinity and cgroup quota, rounded
  // up), but not more than max_threads.
  int processors = 0;

  // How long a task runs before a waiting one takes its place, 20 us .. 10 s. A preemption costs about 10-20 us, so
  // 1 ms costs 1-2 % while tasks wait and nothing while none does.
  std::chrono::nanoseconds time_slice = std::chrono::milliseconds(1);

  // Where tasks are interrupted.
  Preemption preemption = Preemption::kEverywhere;

  // Most worker threads, blocked and parked ones included; processors .. 1000000. At `processors` no thread is left
  // to take over from a blocked or stopped task, so there is neither hand-off nor thread switch.
  int max_threads = 512;

  // Bytes of a stack, 64 KiB .. 1 GiB, rounded up to pages; memory is committed as it is touched, and given back when
  // the stack rests. 0: as a pthread's default (ulimit -s). A task that needs more touches the guard page below: a line
  // on standard error names the task, the size and this option, its calls go to on_log, and then the SIGSEGV takes its
  // way, to the handler that was there before the executor or to the end of the process. Stacks that could get no guard
  // page (Stats::stacks_unguarded) are looked at when their task switches or ends, and abort the process.
  std::size_t stack_size = 0;

  // Most tasks queued and not started. 0: unbounded. When full, execute() waits (never inside a task of this
  // executor, where waiting could deadlock) and try_execute() returns false.
  std::size_t queue_capacity = 0;

  // The signal that interrupts: any catchable asynchronous one. Not 32 and 33 (glibc's own), KILL, STOP, SEGV, BUS,
  // FPE, ILL, TRAP, SYS, ABRT.
  int signal = SIGURG;

  // Thread names (cut to 15 bytes there), traces and messages.
  std::string name = "preempt";

  // Called on the worker, in user context, with what a task of execute() threw. Unset: std::terminate, as std::thread.
  std::function<void(std::exception_ptr)> on_exception = nullptr;

  // A task that used its slice up continues at a lower level, whose slice is this many times longer; 1 .. 16.
  int slice_growth = 4;

  // Called on each worker thread at its start and its end, in user context (JVM attach, CUDA device). Must not throw.
  std::function<void()> on_thread_start = nullptr, on_thread_stop = nullptr;

  // Gets each log line, without newline at its end, on a helper thread; the reports of a deadlock and of a full stack
  // are each one text of many lines. The latter keeps the process from its end for 2 s at most. Unset: standard error.
  std::function<void(std::string_view)> on_log = nullptr;

  // All tasks of this executor make the promise of TaskOptions::migratable.
  bool migratable = false;

  // Ok, or InvalidArgument naming the field, its value and the allowed range.
  absl::Status validate() const;

  // `base` with what the environment says: PREEMPT_ + the field in capitals, for processors, time_slice (20us, 1ms,
  // 2s, 500ns), preemption (none, checkpoints, signal_safe, everywhere), max_threads, stack_size and queue_capacity
  // (bytes or tasks; K, M, G suffixes are powers of 1024), signal (a number or URG, SIGURG), name, slice_growth,
  // migratable (0, 1, true, false). A value that cannot be read or is out of range is InvalidArgument; other names
  // are ignored. Reads by secure_getenv(3): a set-user-id program ignores its environment.
  static absl::StatusOr<Options> from_env(Options base);
};

}  // namespace preempt

#endif  // PREEMPT_OPTIONS_H_
