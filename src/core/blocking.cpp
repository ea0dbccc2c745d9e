#include "preempt/blocking.h"

#include <algorithm>
#include <cstdint>

#include "core/scheduler.h"
#include "core/waiter.h"
#include "fiber/gate.h"
#include "fiber/sanitizer.h"
#include "os/clock.h"
#include "os/saved_errno.h"
#include "preempt/checkpoint.h"
#include "preempt/detail/may_block.h"

namespace preempt {

using core::Scheduler;

namespace detail {

bool may_block_here() noexcept {
#ifdef PREEMPT_TSAN
  // Its runtime calls the hooks from inside its own interceptors of the same calls, where it sees no atomic operation:
  // whatever the end of a scope does would be a race for it. The watchdog finds who sleeps.
  return false;
#endif
  const fiber::Gate* gate = fiber::current_gate();
  if (gate == nullptr || gate->in_scheduler.load(std::memory_order_relaxed)) return false;
  if (gate->blocking.load(std::memory_order_relaxed) != 0) return false;
  return !gate->alternate_stack.contains(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)));
}

}  // namespace detail

Blocking::Blocking() noexcept {
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::begin_blocking(*gate, Scheduler::Leave::kWhenTaken);
}

Blocking::Blocking(Now) noexcept {
  const os::SavedErrno saved_errno;
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::begin_blocking(*gate, Scheduler::Leave::kNow);
}

Blocking::~Blocking() {
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::end_blocking(*gate);
}

void sleep_for(std::chrono::nanoseconds duration) {
  const os::Nanos now = os::now();
  const os::Nanos length = std::clamp<os::Nanos>(duration.count(), 0, os::kNever - now);
  core::Waiter nobody_wakes;
  core::wait(nobody_wakes, now + length);
}

// The steady clock is CLOCK_MONOTONIC in libstdc++ and libc++.
void sleep_until(std::chrono::steady_clock::time_point time) {
  core::Waiter nobody_wakes;
  core::wait(nobody_wakes, std::chrono::nanoseconds(time.time_since_epoch()).count());
}

}  // namespace preempt
