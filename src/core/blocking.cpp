#include "preempt/blocking.h"

#include "core/scheduler.h"
#include "fiber/gate.h"
#include "os/clock.h"
#include "os/saved_errno.h"
#include "preempt/checkpoint.h"

namespace preempt {

using core::Scheduler;

Blocking::Blocking() noexcept {
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::begin_blocking(*gate, Scheduler::Leave::kWhenTaken);
}

Blocking::Blocking(Now) noexcept {
  const os::SavedErrno saved_errno;
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::begin_blocking(*gate, Scheduler::Leave::kNow);
}

Blocking::~Blocking() {
  const os::SavedErrno saved_errno;
  if (fiber::Gate* gate = fiber::current_gate()) Scheduler::end_blocking(*gate);
}

void sleep_for(std::chrono::nanoseconds duration) {
  const os::Nanos deadline = os::now() + duration.count();
  const Blocking blocking(kNow);
  os::sleep_until(deadline);
}

}  // namespace preempt
