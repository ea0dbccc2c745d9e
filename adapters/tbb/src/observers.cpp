#include "observers.h"

#include <algorithm>
#include <utility>

#include "arena.h"
#include "thread_data.h"

namespace tbb::detail::r1 {
namespace {

// From observe(true) to observe(false): what keeps the proxy and the arena.
struct observation : observer_proxy {
  observation(d1::task_scheduler_observer& observer, arena& of) : observer_proxy(observer), observed(of) {
    observed.add_reference();
  }
  ~observation() { observed.release(); }
  arena& observed;
  std::shared_ptr<observer_proxy> self;
};

}  // namespace

bool observer_proxy::tell(notice what, bool is_worker) {
  {
    const std::lock_guard lock(mutex_);
    if (observer_ == nullptr) return false;
    ++calls_;
  }
  (observer_->*what)(is_worker);
  const std::lock_guard lock(mutex_);
  if (--calls_ == 0) idle_.notify_all();
  return true;
}

bool observer_proxy::tell_entry(bool is_worker) {
  return tell(&d1::task_scheduler_observer::on_scheduler_entry, is_worker);
}

bool observer_proxy::tell_exit(bool is_worker) {
  return tell(&d1::task_scheduler_observer::on_scheduler_exit, is_worker);
}

void observer_proxy::stop() {
  std::unique_lock lock(mutex_);
  idle_.wait(lock, [this] { return calls_ == 0; });
  observer_ = nullptr;
}

void observer_list::add(std::shared_ptr<observer_proxy> proxy) {
  const std::lock_guard lock(mutex_);
  proxies_.push_back(std::move(proxy));
  version_.fetch_add(1, std::memory_order_release);
}

void observer_list::remove(const observer_proxy& proxy) {
  const std::lock_guard lock(mutex_);
  std::erase_if(proxies_, [&](const auto& each) { return each.get() == &proxy; });
}

void observer_list::tell_new(told_observers& told, std::uint64_t& told_version, bool is_worker) {
  std::unique_lock lock(mutex_);
  told_version = version_.load(std::memory_order_relaxed);
  const told_observers present = proxies_;
  lock.unlock();
  for (const auto& each : present) {
    if (std::find(told.begin(), told.end(), each) == told.end() && each->tell_entry(is_worker)) told.push_back(each);
  }
}

void observer_list::tell_exits(told_observers& told, bool is_worker) {
  for (const auto& each : told_observers(std::move(told))) each->tell_exit(is_worker);
  told.clear();
}

// Without an arena of its own an observer observes that of the calling thread.
void observe(d1::task_scheduler_observer& observer, bool enable) {
  std::atomic<observer_proxy*>& slot = observer_proxy::of(observer);
  if (!enable) {
    auto* const ended = static_cast<observation*>(slot.exchange(nullptr));
    if (ended == nullptr) return;
    ended->observed.observers().remove(*ended);
    ended->stop();
    const std::shared_ptr<observer_proxy> last = std::move(ended->self);
    return;
  }
  if (slot.load() != nullptr) return;
  arena* observed = nullptr;
  if (d1::task_arena* const explicit_arena = observer_proxy::arena_of(observer)) {
    explicit_arena->initialize();
    observed = explicit_arena->my_arena.load(std::memory_order_relaxed);
  } else {
    observed = thread_data::attached().now.in;
  }
  auto proxy = std::make_shared<observation>(observer, *observed);
  proxy->self = proxy;
  slot.store(proxy.get());
  observed->observers().add(proxy);
  thread_data* const self = thread_data::get_if_any();
  if (self != nullptr && self->now.in == observed) self->tell_entries();
}

}  // namespace tbb::detail::r1
