#include "core/fork.h"

#include <pthread.h>

#include <mutex>

#include "fiber/gate.h"
#include "signal/disposition.h"

namespace preempt::core {
namespace {

void in_child() noexcept {
  signal::unlock_dispositions();
  fork_count.fetch_add(1, std::memory_order_relaxed);
  fiber::set_current_gate(nullptr);
  fiber::own_guard_word()->store(0, std::memory_order_relaxed);
}

}  // namespace

void watch_forks() {
  static std::once_flag once;
  std::call_once(once, [] { pthread_atfork(&signal::lock_dispositions, &signal::unlock_dispositions, &in_child); });
}

}  // namespace preempt::core
