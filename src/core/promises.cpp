#include "core/promises.h"

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>

#include "absl/debugging/symbolize.h"
#include "base/fixed_text.h"
#include "core/worker.h"
#include "fiber/stale_address.h"
#include "preempt/detail/promise_checks.h"

namespace preempt::core {
namespace {

using OnHeldLock = void (*)(const Worker&, const void* caller);

// By a pointer: symbols are read from files, which belongs to no path of a program that keeps its promises.
constinit std::atomic<OnHeldLock> on_held_lock = nullptr;

// No allocation: another task may have been stopped inside malloc. The caller is a return address; the call stands
// before.
[[noreturn]] void report_held_lock(const Worker& worker, const void* caller) {
  base::FixedText<1024> text;
  text.add("preempt: broken promise: the migratable task '").add(worker.fiber->name);
  text.add("' is set aside or ends while it holds a pthread mutex, taken in ");
  char symbol[512];
  if (absl::Symbolize(static_cast<const char*>(caller) - 1, symbol, sizeof symbol)) {
    text.add(symbol);
  } else {
    text.add_hex(reinterpret_cast<std::uintptr_t>(caller));
  }
  text.add(
      ". It may go on on another thread, which must not unlock it. Let the lock go before the checkpoint or the wait, "
      "use "
      "preempt::Mutex, or submit the task without TaskOptions::migratable.\n");
  static_cast<void>(!write(STDERR_FILENO, text.view().data(), text.view().size()));
  std::abort();
}

}  // namespace

bool promises_are_checked() noexcept { return on_held_lock.load(std::memory_order_relaxed) != nullptr; }

void expect_promise_kept(const Worker& worker) noexcept {
  const OnHeldLock held = on_held_lock.load(std::memory_order_relaxed);
  if (held == nullptr) return;
  if (const fiber::HeldLocks::Lock* lock = worker.held_locks.newest()) held(worker, lock->caller);
}

}  // namespace preempt::core

namespace preempt::detail {
namespace {

// Of the calling thread's worker, while it runs a task; null else.
core::Worker* noting_worker() noexcept {
  fiber::Gate* const gate = fiber::current_gate();
  if (gate == nullptr || gate->in_scheduler.load(std::memory_order_relaxed)) return nullptr;
  return &core::Worker::of(*gate);
}

}  // namespace

void check_promises() noexcept {
  fiber::watch_stale_addresses();
  core::on_held_lock.store(core::report_held_lock, std::memory_order_relaxed);
}

void note_lock(const void* mutex, const void* caller) noexcept {
  if (core::Worker* worker = noting_worker()) worker->held_locks.add({.mutex = mutex, .caller = caller});
}

void note_unlock(const void* mutex) noexcept {
  if (core::Worker* worker = noting_worker()) worker->held_locks.remove(mutex);
}

}  // namespace preempt::detail
