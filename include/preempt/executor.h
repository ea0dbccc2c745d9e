// preempt::Executor: a thread pool whose tasks can be preempted anywhere.
//
//   preempt::Executor executor;                       // one processor for each cpu, 1 ms slices
//   executor.execute([] { compute_for_a_minute(); }); // does not make the next one wait
//   executor.execute([] { answer_quickly(); });
//   executor.drain();
#ifndef PREEMPT_EXECUTOR_H_
#define PREEMPT_EXECUTOR_H_

#include <chrono>
#include <concepts>
#include <functional>
#include <future>
#include <memory>
#include <type_traits>
#include <utility>

#include "preempt/blocking.h"
#include "preempt/checkpoint.h"
#include "preempt/detail/task.h"
#include "preempt/options.h"
#include "preempt/stats.h"
#include "preempt/sync/future.h"

namespace preempt {
namespace detail {
class Runtime;
}

// Every member function may be called from any thread and from tasks, unless it says otherwise; none is
// async-signal-safe. In a child of fork(2) the executor has no threads: execute() throws std::runtime_error, drain(),
// shutdown() and the destructor return at once.
class PREEMPT_EXPORT Executor {
 public:
  // Applies Options::from_env (the environment wins) and starts the threads, which get this thread's signal mask less
  // Options::signal, its affinity and its scheduling policy. Throws std::invalid_argument when an option is wrong,
  // std::system_error when a thread or memory cannot be had; nothing is left started then.
  explicit Executor(Options options = {});

  // As shutdown(). Every other call must have returned, execute() included; in a task of this executor (exit() with a
  // static one) a thread of its own waits for that task's end.
  ~Executor();

  Executor(const Executor&) = delete;
  Executor& operator=(const Executor&) = delete;

  // Runs `f()` once, some time later, on a worker. A copy of `f` (moved, if an rvalue) is called and destroyed there.
  // Waits while the queue is full, except in a task of this executor. What `f` throws goes to Options::on_exception.
  // Throws std::runtime_error after shutdown(), std::invalid_argument for a wrong TaskOptions::time_slice,
  // std::bad_alloc; `f` does not run then.
  template <std::invocable F>
  void execute(F&& f, TaskOptions options = {}) {
    post(make_task(std::forward<F>(f)), options, WhenFull::kWait);
  }

  // As execute(), but never waits: false, and `f` does not run, when the queue is full or the executor shut down.
  template <std::invocable F>
  [[nodiscard]] bool try_execute(F&& f, TaskOptions options = {}) {
    return post(make_task(std::forward<F>(f)), options, WhenFull::kRefuse);
  }

  // As execute(); the future gets what `f` returns or throws. Waiting for it in a task is allowed: the processor is
  // handed on.
  template <std::invocable F>
  [[nodiscard]] auto submit(F&& f, TaskOptions options = {}) {
    using Result = std::invoke_result_t<F>;
    std::packaged_task<Result()> task(std::forward<F>(f));
    std::future<Result> future = task.get_future();
    execute(std::move(task), options);
    return future;
  }

  // As submit(), with a future that a migratable task waits for without keeping a thread (<preempt/sync.h>).
  template <std::invocable F>
  auto async(F&& f, TaskOptions options = {}) {
    using Result = std::invoke_result_t<F>;
    Promise<Result> promise;
    Future<Result> future = promise.get_future();
    execute(
        [promise = std::move(promise), f = std::decay_t<F>(std::forward<F>(f))]() mutable {
          try {
            if constexpr (std::is_void_v<Result>) {
              std::move(f)();
              promise.set_value();
            } else {
              promise.set_value(std::move(f)());
            }
          } catch (...) {
            promise.set_exception(std::current_exception());
          }
        },
        options);
    return future;
  }

  // Returns at a moment when no task is unfinished (queued, running, preempted, suspended or blocked) and their
  // callables are destroyed. Tasks submitted meanwhile are waited for too. std::logic_error in a task of this executor.
  void drain();

  // From now on submissions from outside throw std::runtime_error; unfinished tasks may submit until the last has
  // ended; then the threads end. Idempotent. In a task of this executor it does not wait for that task.
  void shutdown();

  // Changes Options::time_slice for bursts that start from now on. std::invalid_argument out of 20 us .. 10 s.
  void set_time_slice(std::chrono::nanoseconds time_slice);

  Stats stats() const;

 private:
  enum class WhenFull { kWait, kRefuse };
  struct Discard {
    void operator()(detail::Task* task) const { task->destroy(); }
  };
  using OwnedTask = std::unique_ptr<detail::Task, Discard>;

  template <class F>
  static OwnedTask make_task(F&& f) {
    return OwnedTask(new detail::TaskOf<std::decay_t<F>>(std::forward<F>(f)));
  }

  // False only with kRefuse.
  bool post(OwnedTask task, const TaskOptions& options, WhenFull when_full);

  detail::Runtime* runtime_;
};

}  // namespace preempt

#endif  // PREEMPT_EXECUTOR_H_
