// Observers of one arena: called when a thread enters and leaves.
//
// A thread remembers whom it has told its entry, and tells its exit to those of them that still observe. An observer
// that stops waits until no call of it is under way.
#ifndef PREEMPT_ADAPTERS_TBB_OBSERVERS_H_
#define PREEMPT_ADAPTERS_TBB_OBSERVERS_H_

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "headers.h"

namespace tbb::detail::r1 {

// Stands for an observer, which it may outlive.
class observer_proxy {
 public:
  explicit observer_proxy(d1::task_scheduler_observer& observer) : observer_(&observer) {}

  // The observer's own reference; the list and the threads that were told have others.
  static std::atomic<observer_proxy*>& of(d1::task_scheduler_observer& observer) { return observer.my_proxy; }
  static d1::task_arena* arena_of(const d1::task_scheduler_observer& observer) { return observer.my_task_arena; }

  // False, and nothing is called, when the observer has stopped.
  bool tell_entry(bool is_worker);
  bool tell_exit(bool is_worker);
  // Until no call is under way.
  void stop();

 private:
  using notice = void (d1::task_scheduler_observer::*)(bool);
  bool tell(notice what, bool is_worker);

  std::mutex mutex_;
  std::condition_variable idle_;
  d1::task_scheduler_observer* observer_;
  int calls_ = 0;
};

// The observers that one thread, in one arena, has told its entry.
using told_observers = std::vector<std::shared_ptr<observer_proxy>>;

class observer_list {
 public:
  void add(std::shared_ptr<observer_proxy> proxy);
  void remove(const observer_proxy& proxy);

  // Tells those whom this thread has not told yet; cheap when nobody is new.
  void tell_entries(told_observers& told, std::uint64_t& told_version, bool is_worker) {
    if (told_version != version_.load(std::memory_order_acquire)) tell_new(told, told_version, is_worker);
  }
  static void tell_exits(told_observers& told, bool is_worker);

 private:
  void tell_new(told_observers& told, std::uint64_t& told_version, bool is_worker);

  std::mutex mutex_;
  std::vector<std::shared_ptr<observer_proxy>> proxies_;
  std::atomic<std::uint64_t> version_{0};  // of the list
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_OBSERVERS_H_
