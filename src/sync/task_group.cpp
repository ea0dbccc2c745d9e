// A list of tasks that nobody has begun, and at most one task of the executor, the ticket, that will begin one of them.
// README.md, "Task groups".
#include "preempt/task_group.h"

#include <atomic>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/list.h"
#include "core/pinned.h"
#include "preempt/detail/wait_list.h"

namespace preempt {
namespace detail {

class GroupState : public std::enable_shared_from_this<GroupState> {
 public:
  GroupState(Executor& executor, const TaskOptions& options)
      : executor_(executor), options_(options), name_(options.name) {
    options_.name = name_;
  }

  void post(Task& task) {
    WaitList::Hold hold(waiters_);
    ++unfinished_;
    waiting_.push_back(&task);
    if (!wants_ticket()) return;
    hold.release();
    try {
      send_ticket();
    } catch (...) {
      if (take_back(task)) throw;
      // Somebody has begun it meanwhile, or will in wait().
    }
  }

  void begin() {
    const WaitList::Hold hold(waiters_);
    ++unfinished_;
  }

  void fail(std::exception_ptr exception) noexcept {
    canceled_.store(true, std::memory_order_relaxed);
    const WaitList::Hold hold(waiters_);
    if (exception_ == nullptr) exception_.swap(exception);
  }

  // The caller's last touch: afterwards the group may be gone.
  void end() {
    WaitList::Hold hold(waiters_);
    core::Waiter* const chain = --unfinished_ == 0 ? waiters_.claim_all() : nullptr;
    hold.release();
    WaitList::deliver(chain);
  }

  void await_all() {
    for (;;) {
      WaitList::Hold hold(waiters_);
      if (Task* task = take(waiting_.back())) {
        hold.release();
        run_in_waiter(*task);
      } else {
        if (unfinished_ != 0) waiters_.wait(hold);
        return;
      }
    }
  }

  // What wait() tells, once.
  TaskGroupStatus take_outcome() {
    WaitList::Hold hold(waiters_);
    const bool canceled = canceled_.exchange(false, std::memory_order_relaxed);
    const std::exception_ptr exception = std::exchange(exception_, nullptr);
    hold.release();
    if (exception != nullptr) std::rethrow_exception(exception);
    return canceled ? TaskGroupStatus::kCanceled : TaskGroupStatus::kComplete;
  }

  void cancel() noexcept { canceled_.store(true, std::memory_order_relaxed); }
  bool is_canceling() const noexcept { return canceled_.load(std::memory_order_relaxed); }

 private:
  struct Links {
    static Runnable*& next(Runnable& node) { return node.next; }
    static Runnable*& prev(Runnable& node) { return node.prev; }
  };

  // Under a hold. All that waits are tasks.
  Task* take(Runnable* first) {
    if (first != nullptr) waiting_.remove(first);
    return static_cast<Task*>(first);
  }
  bool wants_ticket() {
    return !waiting_.empty() && !std::exchange(ticket_sent_, true);
  }

  void send_ticket() {
    executor_.execute([self = shared_from_this()] { self->serve(); }, options_);
  }

  // The ticket: another one first, so that a task that blocks or computes for long keeps no other waiting.
  void serve() {
    {
      const WaitList::Hold hold(waiters_);
      ticket_sent_ = false;
    }
    for (;;) {
      WaitList::Hold hold(waiters_);
      Task* const task = take(waiting_.front());
      if (task == nullptr) return;
      const bool sends = wants_ticket();
      hold.release();
      if (sends) try_send_ticket();
      run(*task);
    }
  }

  // Without memory or after a shutdown: this ticket goes on, and wait() runs the rest.
  void try_send_ticket() noexcept {
    try {
      send_ticket();
    } catch (...) {
      const WaitList::Hold hold(waiters_);
      ticket_sent_ = false;
    }
  }

  bool take_back(Task& task) {
    const WaitList::Hold hold(waiters_);
    ticket_sent_ = false;
    for (Runnable* each = waiting_.front(); each != nullptr; each = each->next) {
      if (each != &task) continue;
      waiting_.remove(each);
      --unfinished_;
      return true;
    }
    return false;
  }

  void run(Task& task) {
    if (!is_canceling()) {
      try {
        task.invoke();
      } catch (...) {
        fail(std::current_exception());
      }
    }
    task.destroy();
    end();
  }

  // The waiter may have promised more than the task.
  void run_in_waiter(Task& task) {
    std::optional<core::Pinned> pinned;
    if (!options_.migratable) pinned.emplace();
    run(task);
  }

  Executor& executor_;
  TaskOptions options_;
  const std::string name_;
  std::atomic<bool> canceled_ = false;
  WaitList waiters_;
  // Under a hold of waiters_.
  base::List<Runnable, Links> waiting_;
  bool ticket_sent_ = false;  // and has not begun
  std::size_t unfinished_ = 0;
  std::exception_ptr exception_;
};

}  // namespace detail

TaskGroup::TaskGroup(Executor& executor, TaskOptions options)
    : state_(std::make_shared<detail::GroupState>(executor, options)) {}

TaskGroup::~TaskGroup() {
  cancel();
  state_->await_all();
}

void TaskGroup::post(Owned task) {
  detail::Task& posted = *task;
  state_->post(posted);
  static_cast<void>(task.release());
}

void TaskGroup::begin_here() { state_->begin(); }
void TaskGroup::fail_here() noexcept { state_->fail(std::current_exception()); }
void TaskGroup::end_here() { state_->end(); }

TaskGroupStatus TaskGroup::wait() {
  state_->await_all();
  return state_->take_outcome();
}

void TaskGroup::cancel() noexcept { state_->cancel(); }
bool TaskGroup::is_canceling() const noexcept { return state_->is_canceling(); }

}  // namespace preempt
