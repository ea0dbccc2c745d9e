// What all arenas share: the executor, the list of arenas, the limits in force, and the pacer.
#ifndef PREEMPT_ADAPTERS_TBB_RUNTIME_H_
#define PREEMPT_ADAPTERS_TBB_RUNTIME_H_

#include <preempt/executor.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "headers.h"

namespace tbb::detail::r1 {

class arena;

// One for the process, never destroyed: its threads may outlive main().
class runtime {
 public:
  static runtime& get();

  // The cpus that this process may use: what an automatic concurrency means.
  static int default_concurrency();

  // Of global_control: bodies that may compute at once.
  int allowed_parallelism() const { return allowed_parallelism_.load(std::memory_order_relaxed); }
  void limits_changed();

  // Runs `worker` on the executor, which starts with the first one. False: there is neither thread nor memory for it,
  // which is said once; outside threads run what they wait for.
  template <class Worker>
  bool run(const Worker& worker, d1::task_arena_base::priority priority) noexcept {
    try {
      workers_.fetch_add(1, std::memory_order_relaxed);
      executor().execute(
          [this, worker] {
            worker();
            workers_.fetch_sub(1, std::memory_order_release);
          },
          {.priority = class_of(priority), .name = "tbb"});
      return true;
    } catch (const std::exception& error) {
      workers_.fetch_sub(1, std::memory_order_relaxed);
      report(error);
      return false;
    }
  }
  // Of the executor.
  int processors() const;

  void add(arena& it);
  void remove(arena& it);

  // Somebody computes or waits for a place in a watched arena.
  void wake_pacer();
  // The pacer's looks so far.
  unsigned looks() const { return looks_.load(std::memory_order_relaxed); }

  // Threads that have an implicit arena, task_arena objects, handles.
  void add_user() { users_.fetch_add(1, std::memory_order_relaxed); }
  void remove_user() { users_.fetch_sub(1, std::memory_order_release); }
  // Waits for all workers and ends all threads. False: somebody still uses the runtime.
  bool finish();

 private:
  runtime();
  preempt::Executor& executor();
  static preempt::Priority class_of(d1::task_arena_base::priority priority);
  static void report(const std::exception& error);
  void pace();
  bool look_at_arenas();
  // Those that fulfil it and whose last reference is not released yet. They are used without the lock: they are freed
  // with it, and the last reference may be the one that was added here.
  struct release_arena {
    void operator()(arena* it) const;
  };
  using kept_arena = std::unique_ptr<arena, release_arena>;
  template <class Condition>
  std::vector<kept_arena> keep_arenas(const Condition& condition);

  std::atomic<int> allowed_parallelism_;

  std::mutex executor_mutex_;
  std::unique_ptr<preempt::Executor> owned_executor_;
  std::atomic<preempt::Executor*> executor_{nullptr};
  std::atomic<int> processors_{0};  // of the last executor

  std::mutex arenas_mutex_;
  arena* first_arena_ = nullptr;
  std::atomic<int> users_{0};
  std::atomic<int> workers_{0};  // on their way, too
  std::mutex finish_mutex_;

  std::atomic<unsigned> looks_{0};
  std::mutex pacer_mutex_;
  std::condition_variable pacer_wakes_;
  bool pacer_wanted_ = false;
  bool pacer_ends_ = false;
  std::thread pacer_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_RUNTIME_H_
