// The synchronous safe points (Go: morestack and newstack, src/runtime/stack.go).
#include "preempt/checkpoint.h"

#include "asm/async.h"
#include "fiber/gate.h"
#include "fiber/stale_address.h"
#include "os/saved_errno.h"
#include "os/thread.h"

namespace preempt {
namespace {

void enter_scheduler(fiber::Gate& gate, fiber::Entry entry) noexcept {
  if (gate.defer_if_closed()) return;
  gate.clear_guard_word();
  static_cast<void>(gate.on_preempt(gate, entry));
}

// A vfork(2) child shares its parent's thread-locals, and may meet a checkpoint before it calls exec. The watchdog asks
// the parent again.
bool is_vfork_child(fiber::Gate& gate) noexcept {
  if (gate.thread == os::thread_id()) return false;
  gate.clear_guard_word();
  return true;
}

}  // namespace

void yield() {
  const os::SavedErrno saved_errno;
  if (fiber::Gate* gate = fiber::current_gate()) {
    enter_scheduler(*gate, fiber::Entry::kYield);
  } else {
    os::yield_thread();
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
  const os::SavedErrno saved_errno;
  if (!is_vfork_child(*gate)) enter_scheduler(*gate, fiber::Entry::kDeferred);
}

}  // namespace preempt

// Every checkpoint, whoever put it there: the task's registers are saved (asm/morestack_x86_64.S).
extern "C" void preempt_checkpoint_entry(std::uint64_t* registers, std::size_t count) {
  const preempt::os::SavedErrno saved_errno;
  preempt::fiber::Gate* const gate = preempt::fiber::current_gate();
  if (gate == nullptr || preempt::is_vfork_child(*gate)) return;
  const preempt::fiber::FormerThread thread(*gate);
  // AMX tiles, which a loop may have in use, are not saved: such a task keeps its thread.
  const bool may_move = !preempt::assembly::tiles_are_live();
  preempt::enter_scheduler(*gate, may_move ? preempt::fiber::Entry::kCheckpoint : preempt::fiber::Entry::kDeferred);
  thread.spoil_addresses({registers, count});
}
