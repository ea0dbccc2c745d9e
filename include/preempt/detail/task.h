// The object that execute() puts into a queue. Not part of the interface: the fields are the scheduler's.
#ifndef PREEMPT_DETAIL_TASK_H_
#define PREEMPT_DETAIL_TASK_H_

#include <cstdint>
#include <type_traits>
#include <utility>

namespace preempt::detail {

// What a run queue can hold: a task that has not started, a fiber that was switched away from,
// and a fiber whose kernel thread is parked under it.
enum class RunnableKind : std::uint8_t { kTask, kSuspendedFiber, kStoppedWorker };

// A node of a run queue and the account of the burst that it is in.
struct Runnable {
  Runnable* next = nullptr;
  Runnable* prev = nullptr;
  RunnableKind kind = RunnableKind::kTask;
  std::uint8_t level = 0;      // index of the run queue; 0 is served first
  bool migratable = false;     // TaskOptions::migratable or Options::migratable
  std::int64_t used = 0;       // nanoseconds of the slice of this level already spent
  std::int64_t base_slice = 0; // nanoseconds; 0: the executor's
};

// A callable that has not started. `invoke` calls it; `destroy` ends it and gives its memory back.
// Both run in user context: they may allocate, throw (invoke) and be preempted.
struct Task : Runnable {
  using Function = void (*)(Task*);
  Task(Function invoke_function, Function destroy_function)
      : invoke(invoke_function), destroy(destroy_function) {}
  ~Task() { delete[] name; }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  Function invoke;
  Function destroy;
  char* name = nullptr;  // a copy made by execute(), owned, null when the task has no name
};

template <class F>
struct TaskOf final : Task {
  template <class G>
  explicit TaskOf(G&& callable)
      : Task(&TaskOf::invoke_callable, &TaskOf::destroy_callable), callable_(std::forward<G>(callable)) {}

 private:
  static void invoke_callable(Task* task) {
    F& callable = static_cast<TaskOf*>(task)->callable_;
    if constexpr (std::is_invocable_v<F&>) {
      static_cast<void>(callable());
    } else {
      static_cast<void>(std::move(callable)());
    }
  }
  static void destroy_callable(Task* task) { delete static_cast<TaskOf*>(task); }

  F callable_;
};

}  // namespace preempt::detail

#endif  // PREEMPT_DETAIL_TASK_H_
