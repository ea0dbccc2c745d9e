#include "signal/observer.h"

#include <atomic>

#include "signal/observe.h"

namespace preempt::signal {
namespace {

constinit std::atomic<Observer> current_observer = nullptr;

}  // namespace

void set_observer(Observer observer) noexcept { current_observer.store(observer, std::memory_order_release); }

void observe(const ucontext_t& interrupted, Verdict verdict) noexcept {
  if (Observer observer = current_observer.load(std::memory_order_acquire)) observer(interrupted, verdict);
}

}  // namespace preempt::signal
