#include "signal/fault.h"

#include <ucontext.h>

#include "fiber/gate.h"
#include "fiber/stale_address.h"
#include "os/memory.h"
#include "os/saved_errno.h"
#include "signal/alignment_check.h"
#include "signal/disposition.h"

namespace preempt::signal {
namespace {

using fiber::Fault;

// An access to the guard page of the stack that runs.
bool is_overflow(const fiber::Gate& gate, std::uintptr_t address) noexcept {
  return fiber::Bounds{gate.fiber_stack.low - os::kPage, gate.fiber_stack.low}.contains(address);
}

void report(const siginfo_t& info, const ucontext_t& context) noexcept {
  fiber::Gate* gate = fiber::current_gate();
  // Who merely sends the signal has no code above 0.
  if (gate == nullptr || info.si_code <= 0) return;
  const os::SavedErrno saved_errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info.si_addr);
  if (is_overflow(*gate, address)) {
    gate->on_fault(*gate, context, {Fault::Kind::kOverflow, address});
  } else if (fiber::is_stale_address(address)) {
    gate->on_fault(*gate, context, {Fault::Kind::kStaleAddress, address});
  }
}

}  // namespace

void handle_fault(int signal, siginfo_t* info, void* context) {
  clear_alignment_check();
  report(*info, *static_cast<const ucontext_t*>(context));
  forward(signal, info, context);
}

}  // namespace preempt::signal
