// preempt::httplib::TaskQueue: a cpp-httplib server on a preempt::Executor.
//
//   httplib::Server server;
//   server.new_task_queue = [] { return new preempt::httplib::TaskQueue; };
//
// Instead of httplib::ThreadPool; nothing else changes. Fits both signatures that httplib's enqueue() has had. A
// program that includes this header must not say `using namespace preempt` in a scope where it says `httplib::`: both
// names would be found.
#ifndef PREEMPT_ADAPTERS_HTTPLIB_H_
#define PREEMPT_ADAPTERS_HTTPLIB_H_

#include <httplib.h>

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "preempt/executor.h"

namespace preempt::httplib {

// httplib makes one task of each connection: it waits for the requests of the connection, calls their handlers and
// ends when the connection is closed. So a keep-alive connection is a task that mostly sleeps in poll(2). It keeps a
// thread while it sleeps, but no processor: Options::max_threads bounds the connections that are served at a time,
// Options::processors the handlers that compute at a time.
//
// Leave Options::migratable and TaskOptions::migratable off: httplib's own frames do not keep that promise.
class TaskQueue : public ::httplib::TaskQueue {
 public:
  // What enqueue() returns: nothing in old releases of httplib, since 0.15 whether the connection was taken.
  using EnqueueResult = decltype(std::declval<::httplib::TaskQueue&>().enqueue(std::declval<std::function<void()>>()));

  // On an Executor of its own. Throws what Executor's constructor throws, out of Server::listen(). The name in
  // `task_options` must live as long as the queue.
  explicit TaskQueue(Options options = {}, TaskOptions task_options = {})
      : own_(std::make_unique<Executor>(std::move(options))), executor_(*own_), task_options_(task_options) {}

  // On an Executor that others use too. It must accept tasks until Server::listen() has returned, and outlive the
  // queue.
  explicit TaskQueue(Executor& executor, TaskOptions task_options = {})
      : executor_(executor), task_options_(task_options) {}

  TaskQueue(const TaskQueue&) = delete;
  TaskQueue& operator=(const TaskQueue&) = delete;

  // As shutdown().
  ~TaskQueue() override { finish(); }

  // Serves one connection. While the executor's queue is full (Options::queue_capacity) an old httplib's listening
  // thread waits here, and connections wait in the listen backlog; a new one is told false and closes the connection.
  // Throws std::bad_alloc, and std::runtime_error when the executor is shut down and httplib cannot be told false.
  EnqueueResult enqueue(std::function<void()> fn) override {
    return post<EnqueueResult>({Ticket(unfinished_), std::move(fn)});
  }

  // Returns when all connections of this queue are served and their callables destroyed; other tasks of a shared
  // executor are not waited for. httplib calls it at the end of listen(). Idempotent, not thread-safe.
  void shutdown() override { finish(); }

  // Of the executor, so including what others do on a shared one.
  Stats stats() const { return executor_.stats(); }

 private:
  using Count = std::atomic<std::size_t>;

  // One unfinished connection. Keeps the count alive, so that the last one may still notify when shutdown() has
  // returned and the queue is gone.
  class Ticket {
   public:
    explicit Ticket(std::shared_ptr<Count> unfinished) : unfinished_(std::move(unfinished)) {
      unfinished_->fetch_add(1, std::memory_order_relaxed);
    }
    Ticket(Ticket&&) noexcept = default;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket() {
      // Release pairs with the acquire in finish().
      if (unfinished_ && unfinished_->fetch_sub(1, std::memory_order_release) == 1) unfinished_->notify_all();
    }

   private:
    std::shared_ptr<Count> unfinished_;
  };

  // The ticket stands first, so that `serve` is destroyed before it is given back.
  struct Connection {
    Ticket ticket;
    std::function<void()> serve;
    void operator()() { serve(); }
  };

  // A template, so that only the branch that fits this httplib is compiled.
  template <class Result>
  Result post(Connection connection) {
    if constexpr (std::is_void_v<Result>) {
      executor_.execute(std::move(connection), task_options_);
    } else {
      return executor_.try_execute(std::move(connection), task_options_);
    }
  }

  void finish() {
    // Acquire pairs with the release in ~Ticket().
    for (std::size_t left; (left = unfinished_->load(std::memory_order_acquire)) != 0;) {
      unfinished_->wait(left, std::memory_order_acquire);
    }
    if (own_) own_->shutdown();
  }

  std::unique_ptr<Executor> own_;
  Executor& executor_;
  TaskOptions task_options_;
  std::shared_ptr<Count> unfinished_ = std::make_shared<Count>(0);
};

}  // namespace preempt::httplib

#endif  // PREEMPT_ADAPTERS_HTTPLIB_H_
