// Tasks that belong together: run some, wait for all.
//
//   preempt::TaskGroup group(executor);
//   group.run([&] { sort(left); });
//   group.run([&] { sort(right); });
//   group.wait();                       // runs what nobody has begun, then waits; throws what a task threw
#ifndef PREEMPT_TASK_GROUP_H_
#define PREEMPT_TASK_GROUP_H_

#include <concepts>
#include <memory>
#include <type_traits>
#include <utility>

#include "preempt/detail/config.h"
#include "preempt/detail/task.h"
#include "preempt/executor.h"

namespace preempt {
namespace detail {
class GroupState;
}

enum class TaskGroupStatus { kComplete, kCanceled };

// Model: oneTBB's tbb::task_group. What waits in a group runs last in, first out where the group is waited for, first in,
// first out on other workers. wait() runs tasks of its own group only, never an unrelated one on the waiter's stack; then
// a migratable task is set aside, a pinned one parks its thread and hands its processor on, any other thread sleeps.
// A group does not cancel the groups that its tasks wait for.
//
// Every member function but the destructor may be called from several threads and tasks at once, tasks of the group
// among them, which may run more; only wait() must not be called in a task of the same group, which would wait for
// itself. None is async-signal-safe. The executor must outlive the group.
class PREEMPT_EXPORT TaskGroup {
 public:
  // `options` are those of each task; the name is copied. std::bad_alloc.
  explicit TaskGroup(Executor& executor, TaskOptions options = {});
  // Without a wait() before: cancels, waits, and drops what was thrown.
  ~TaskGroup();
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  // Runs `f()` once, unless the group is canceled before: then its copy is destroyed. What it throws cancels the group
  // and comes out of wait(). Throws as Executor::execute(); `f` does not run then.
  template <std::invocable F>
  void run(F&& f) {
    post(Owned(new detail::TaskOf<std::decay_t<F>>(std::forward<F>(f))));
  }

  // `f()` here and now, as a task of the group, then wait().
  template <std::invocable F>
  TaskGroupStatus run_and_wait(F&& f) {
    begin_here();
    try {
      static_cast<void>(std::forward<F>(f)());
    } catch (...) {
      fail_here();
    }
    end_here();
    return wait();
  }

  // Until every task of the group has ended, those that they ran, too. Throws the first exception of a task. Afterwards
  // the group is as new: neither canceled nor failed. kCanceled: some may not have run.
  TaskGroupStatus wait();

  // Tasks that have not begun will not; who runs may ask is_canceling(). Until wait() returns.
  void cancel() noexcept;
  bool is_canceling() const noexcept;

 private:
  struct Discard {
    void operator()(detail::Task* task) const { task->destroy(); }
  };
  using Owned = std::unique_ptr<detail::Task, Discard>;

  void post(Owned task);
  void begin_here();
  void fail_here() noexcept;
  void end_here();

  std::shared_ptr<detail::GroupState> state_;  // outlived by tasks of the executor that find nothing to do
};

}  // namespace preempt

#endif  // PREEMPT_TASK_GROUP_H_
