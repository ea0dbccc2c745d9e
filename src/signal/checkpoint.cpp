// The synchronous safe points (Go: morestack and newstack, src/runtime/stack.go).
#include "preempt/checkpoint.h"

#include "fiber/gate.h"
#include "os/saved_errno.h"
#include "os/thread.h"

namespace preempt {
namespace {

void enter_scheduler(fiber::Entry entry) noexcept {
  const os::SavedErrno saved_errno;
  fiber::Gate* gate = fiber::current_gate();
  if (gate == nullptr) return;
  if (gate->thread != os::thread_id()) {
    // A vfork(2) child, which shares its parent's thread-locals. The watchdog asks the parent again.
    gate->clear_guard_word();
    return;
  }
  if (gate->defer_if_closed()) return;
  gate->clear_guard_word();
  static_cast<void>(gate->on_preempt(*gate, entry));
}

}  // namespace

namespace detail {

void checkpoint_slow_path() { enter_scheduler(fiber::Entry::kCheckpoint); }

}  // namespace detail

void yield() {
  if (fiber::current_gate() == nullptr) {
    os::yield_thread();
  } else {
    enter_scheduler(fiber::Entry::kYield);
  }
}

NoPreempt::NoPreempt() noexcept {
  if (fiber::Gate* gate = fiber::current_gate()) ++gate->no_preempt;
}

NoPreempt::~NoPreempt() {
  fiber::Gate* gate = fiber::current_gate();
  if (gate == nullptr || --gate->no_preempt != 0) return;
  // Noted by a handler or a checkpoint inside, or asked for by the guard word alone.
  const bool was_pending = gate->pending.load(std::memory_order_relaxed);
  if (!was_pending && !detail::preemption_asked()) return;
  gate->pending.store(false, std::memory_order_relaxed);
  enter_scheduler(fiber::Entry::kDeferred);
}

}  // namespace preempt
