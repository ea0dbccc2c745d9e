// A thread for each task: the kernel's scheduler shares the cpus among all of them.
#ifndef PREEMPT_BENCH_PEERS_TASK_THREADS_H_
#define PREEMPT_BENCH_PEERS_TASK_THREADS_H_

#include <pthread.h>
#include <sched.h>

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <system_error>
#include <utility>

namespace preempt::bench {

// Threads inherit the cpus of the thread that makes the pool, not those of the one that posts.
class TaskThreads {
 public:
  TaskThreads() {
    pthread_attr_init(&attributes_);
    pthread_attr_setdetachstate(&attributes_, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes_, kStackSize);
    cpu_set_t cpus;
    if (sched_getaffinity(0, sizeof cpus, &cpus) == 0) pthread_attr_setaffinity_np(&attributes_, sizeof cpus, &cpus);
  }

  // Waits for all tasks.
  ~TaskThreads() {
    {
      std::unique_lock lock(state_->mutex);
      state_->ended.wait(lock, [this] { return state_->alive == 0; });
    }
    pthread_attr_destroy(&attributes_);
  }
  TaskThreads(const TaskThreads&) = delete;
  TaskThreads& operator=(const TaskThreads&) = delete;

  template <class F>
  void post(F&& f) {
    {
      const std::lock_guard lock(state_->mutex);
      ++state_->alive;
    }
    auto task = std::make_unique<Task>(Task{std::forward<F>(f), state_});
    pthread_t thread;
    const int error = pthread_create(&thread, &attributes_, &run, task.get());
    if (error != 0) {
      state_->end_one();
      throw std::system_error(error, std::generic_category(), "pthread_create");
    }
    static_cast<void>(task.release());  // the thread's
  }

 private:
  static constexpr std::size_t kStackSize = 256 * 1024;

  // Outlives the pool: the last thread still touches it when the pool is gone.
  struct State {
    std::mutex mutex;
    std::condition_variable ended;
    int alive = 0;

    void end_one() {
      const std::lock_guard lock(mutex);
      if (--alive == 0) ended.notify_all();
    }
  };
  struct Task {
    std::function<void()> body;
    std::shared_ptr<State> state;
  };

  static void* run(void* argument) {
    const std::unique_ptr<Task> task(static_cast<Task*>(argument));
    task->body();
    task->state->end_one();
    return nullptr;
  }

  pthread_attr_t attributes_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_PEERS_TASK_THREADS_H_
