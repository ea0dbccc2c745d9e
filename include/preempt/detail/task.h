// The object that execute() puts into a queue. Not part of the interface: the fields are the scheduler's.
#ifndef PREEMPT_DETAIL_TASK_H_
#define PREEMPT_DETAIL_TASK_H_

#include <cstddef>
#include <cstdint>
#include <new>
#include <type_traits>
#include <utility>

#include "preempt/detail/config.h"

namespace preempt::detail {

// Memory of tasks of at most kSmallTask bytes, which is a cache line: blocks that come back are kept for the next ones,
// by each thread and in a bounded store for all. In user context; std::bad_alloc.
inline constexpr std::size_t kSmallTask = 64;
PREEMPT_EXPORT void* allocate_small_task();
PREEMPT_EXPORT void free_small_task(void* memory) noexcept;

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
  std::uint32_t base_slice_us = 0;  // 0: the executor's
};

// A callable that has not started.
struct Task : Runnable {
  enum class Action { kInvoke, kDestroy };
  using Function = void (*)(Task*, Action);
  explicit Task(Function its_function) : function(its_function) {}
  ~Task() { delete[] name; }
  Task(const Task&) = delete;
  Task& operator=(const Task&) = delete;

  // Both in user context: they may allocate, throw (invoke) and be preempted.
  void invoke() { function(this, Action::kInvoke); }
  void destroy() { function(this, Action::kDestroy); }  // gives the memory back, too

  Function function;
  char* name = nullptr;  // a copy made by execute(), owned, null when the task has no name
};

template <class F>
struct TaskOf final : Task {
  template <class G>
  explicit TaskOf(G&& callable)
      : Task(&TaskOf::act), callable_(std::forward<G>(callable)) {}

  static void* operator new(std::size_t size) { return is_small() ? allocate_small_task() : ::operator new(size); }
  static void operator delete(void* memory) noexcept {
    is_small() ? free_small_task(memory) : ::operator delete(memory);
  }
  static void* operator new(std::size_t size, std::align_val_t alignment) { return ::operator new(size, alignment); }
  static void operator delete(void* memory, std::align_val_t alignment) noexcept {
    ::operator delete(memory, alignment);
  }

 private:
  // A function, because the class is not complete yet where its members are declared.
  static constexpr bool is_small() {
    return sizeof(TaskOf) <= kSmallTask && alignof(TaskOf) <= kSmallTask;
  }


  static void act(Task* task, Action action) {
    if (action == Action::kDestroy) {
      delete static_cast<TaskOf*>(task);
      return;
    }
    F& callable = static_cast<TaskOf*>(task)->callable_;
    if constexpr (std::is_invocable_v<F&>) {
      static_cast<void>(callable());
    } else {
      static_cast<void>(std::move(callable)());
    }
  }
  F callable_;
};

}  // namespace preempt::detail

#endif  // PREEMPT_DETAIL_TASK_H_
