// Ways to block in the kernel until another body opens a gate. wait() by any number of bodies, open() any number of
// times.
#ifndef PREEMPT_TESTS_TBB_BETTER_GATES_H_
#define PREEMPT_TESTS_TBB_BETTER_GATES_H_

#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <system_error>
#include <thread>

namespace tbb_better {

class SleepingGate {
 public:
  void wait() {
    while (!open_.load()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  void open() { open_.store(true); }

 private:
  std::atomic<bool> open_ = false;
};

// read(2) returns at the end of the pipe, which is when its other side is closed.
class PipeGate {
 public:
  PipeGate() {
    if (pipe(ends_.data()) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~PipeGate() {
    open();
    close(ends_[0]);
  }
  PipeGate(const PipeGate&) = delete;
  PipeGate& operator=(const PipeGate&) = delete;

  void wait() {
    char byte;
    while (read(ends_[0], &byte, 1) != 0) continue;
  }
  void open() {
    if (!open_.exchange(true)) close(ends_[1]);
  }

 private:
  std::array<int, 2> ends_ = {};
  std::atomic<bool> open_ = false;
};

class FutureGate {
 public:
  void wait() { std::shared_future<void>(future_).wait(); }
  void open() {
    if (!open_.exchange(true)) promise_.set_value();
  }

 private:
  std::promise<void> promise_;
  const std::shared_future<void> future_ = promise_.get_future().share();
  std::atomic<bool> open_ = false;
};

class ConditionGate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
};

}  // namespace tbb_better

#endif  // PREEMPT_TESTS_TBB_BETTER_GATES_H_
