// A stretch of a migratable task that made no promise.
#ifndef PREEMPT_CORE_PINNED_H_
#define PREEMPT_CORE_PINNED_H_

#include <atomic>

#include "core/worker.h"
#include "fiber/fiber.h"
#include "fiber/gate.h"

namespace preempt::core {

// While it lives its task stays on its thread. Off workers it does nothing.
class Pinned {
 public:
  Pinned() {
    fiber::Gate* gate = fiber::current_gate();
    if (gate == nullptr || !gate->migratable.load(std::memory_order_relaxed)) return;
    fiber_ = Worker::of(*gate).fiber;
    fiber_->migratable = false;  // for the bursts that begin
    gate->migratable.store(false, std::memory_order_relaxed);
  }
  ~Pinned() {
    if (fiber_ == nullptr) return;
    fiber_->migratable = true;
    fiber::current_gate()->migratable.store(true, std::memory_order_relaxed);
  }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  fiber::Fiber* fiber_ = nullptr;  // was migratable
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_PINNED_H_
