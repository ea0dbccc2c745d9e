#include "runtime.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <exception>

#include "arena.h"
#include "controls.h"

namespace tbb::detail::r1 {
namespace {

// A body that blocks keeps its thread, and so does one that is suspended.
constexpr int kMaxThreads = 4096;

// What an executor takes.
constexpr std::size_t kLeastStack = std::size_t{64} << 10;
constexpr std::size_t kMostStack = std::size_t{1} << 30;

int cpus_of_this_process() {
  cpu_set_t cpus;
  if (sched_getaffinity(0, sizeof cpus, &cpus) != 0) return 1;
  return std::max(1, CPU_COUNT(&cpus));
}

// How long a body may keep the place that another one waits for: the executor's slice, but no less than what a look at
// all arenas is worth.
std::chrono::nanoseconds pace_interval() {
  static const std::chrono::nanoseconds interval = [] {
    const auto options = preempt::Options::from_env({});
    return std::max<std::chrono::nanoseconds>(options.ok() ? options->time_slice : preempt::Options().time_slice,
                                              std::chrono::microseconds(200));
  }();
  return interval;
}

}  // namespace

runtime& runtime::get() {
  static auto* const it = new runtime;
  return *it;
}

int runtime::default_concurrency() {
  static const int cpus = cpus_of_this_process();
  return cpus;
}

runtime::runtime() { limits_changed(); }

void runtime::limits_changed() {
  {
    const std::lock_guard in_order(arenas_mutex_);
    const std::size_t limit = controls::get().value(d1::global_control::max_allowed_parallelism);
    constexpr std::size_t kMost = 1 << 14;
    allowed_parallelism_.store(static_cast<int>(std::min(limit, kMost)), std::memory_order_relaxed);
  }
  for (const kept_arena& each : keep_arenas([](const arena& it) { return it.has_work(); })) each->advertise();
}

preempt::Priority runtime::class_of(d1::task_arena_base::priority priority) {
  switch (priority) {
    case d1::task_arena_base::priority::high:
      return preempt::Priority::kHigh;
    case d1::task_arena_base::priority::low:
      return preempt::Priority::kBackground;
    case d1::task_arena_base::priority::normal:
      break;
  }
  return preempt::Priority::kNormal;
}

preempt::Executor& runtime::executor() {
  if (preempt::Executor* const running = executor_.load(std::memory_order_acquire)) return *running;
  const std::lock_guard lock(executor_mutex_);
  if (owned_executor_ == nullptr) {
    preempt::Options options;
    options.processors = default_concurrency();  // arenas keep to what is allowed, now and later
    options.max_threads = std::max(kMaxThreads, options.processors);
    options.stack_size =
        std::clamp(controls::get().value(d1::global_control::thread_stack_size), kLeastStack, kMostStack);
    options.name = "tbb";
    const auto applied = preempt::Options::from_env(options);  // as the executor will
    processors_.store((applied.ok() ? *applied : options).processors, std::memory_order_relaxed);
    owned_executor_ = std::make_unique<preempt::Executor>(std::move(options));
    executor_.store(owned_executor_.get(), std::memory_order_release);
  }
  return *owned_executor_;
}

int runtime::processors() const {
  const int known = processors_.load(std::memory_order_relaxed);
  return known != 0 ? known : default_concurrency();
}

void runtime::report(const std::exception& error) {
  static std::atomic<bool> said{false};
  if (!said.exchange(true)) std::fprintf(stderr, "preempt::tbb: no worker can be had: %s\n", error.what());
}

void runtime::add(arena& it) {
  const std::lock_guard lock(arenas_mutex_);
  it.next = first_arena_;
  if (first_arena_ != nullptr) first_arena_->previous = &it;
  first_arena_ = &it;
}

void runtime::remove(arena& it) {
  const std::lock_guard lock(arenas_mutex_);
  (it.previous != nullptr ? it.previous->next : first_arena_) = it.next;
  if (it.next != nullptr) it.next->previous = it.previous;
}

void runtime::release_arena::operator()(arena* it) const { it->release(); }

template <class Condition>
std::vector<runtime::kept_arena> runtime::keep_arenas(const Condition& condition) {
  std::vector<kept_arena> kept;
  const std::lock_guard lock(arenas_mutex_);
  for (arena* each = first_arena_; each != nullptr; each = each->next) {
    if (condition(*each) && each->try_add_reference()) kept.emplace_back(each);
  }
  return kept;
}

void runtime::wake_pacer() {
  const std::lock_guard lock(pacer_mutex_);
  pacer_wanted_ = true;
  if (!pacer_.joinable()) {
    sigset_t all;
    sigset_t former;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);  // the program's signals go to the program's threads
    pacer_ = std::thread([this] { pace(); });
    pthread_sigmask(SIG_SETMASK, &former, nullptr);
  }
  pacer_wakes_.notify_one();
}

// Looks at the watched arenas once in a slice, while there are any.
void runtime::pace() {
  pthread_setname_np(pthread_self(), "tbb-pacer");
  std::unique_lock lock(pacer_mutex_);
  for (;;) {
    pacer_wakes_.wait(lock, [this] { return pacer_wanted_ || pacer_ends_; });
    if (pacer_ends_) return;
    pacer_wanted_ = false;
    for (bool any = true; any && !pacer_ends_;) {
      lock.unlock();
      any = look_at_arenas();
      if (any) std::this_thread::sleep_for(pace_interval());
      lock.lock();
    }
  }
}

bool runtime::look_at_arenas() {
  looks_.fetch_add(1, std::memory_order_relaxed);
  bool any = false;
  for (const kept_arena& each : keep_arenas([](const arena& it) { return it.is_watched(); })) {
    each->pace();
    any = any || each->is_watched();
  }
  return any;
}

bool runtime::finish() {
  if (users_.load(std::memory_order_acquire) != 0) return false;
  const std::lock_guard only_one(finish_mutex_);
  while (workers_.load(std::memory_order_acquire) != 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  {
    const std::lock_guard lock(pacer_mutex_);
    pacer_ends_ = true;
    pacer_wakes_.notify_one();
  }
  if (pacer_.joinable()) pacer_.join();
  pacer_ends_ = false;
  const std::lock_guard lock(executor_mutex_);
  executor_.store(nullptr, std::memory_order_release);
  owned_executor_.reset();
  return true;
}

}  // namespace tbb::detail::r1
