// The lock of run queues and pools.
#ifndef PREEMPT_OS_LOCK_H_
#define PREEMPT_OS_LOCK_H_

#include <atomic>

namespace preempt::os {

// Held for some tens of instructions, and only by a thread that the handler does not stop: a worker in the scheduler,
// the watchdog, the spawner. So a waiter spins, and sleeps only when the kernel took the owner's cpu away.
class Lock {
 public:
  // For a lock that is part of a public type, which knows nothing of this one.
  static void lock(std::atomic<bool>& held) {
    if (held.exchange(true, std::memory_order_acquire)) lock_slow(held);
  }
  static void unlock(std::atomic<bool>& held) { held.store(false, std::memory_order_release); }

  void lock() { lock(held_); }
  bool try_lock() {
    return !held_.load(std::memory_order_relaxed) && !held_.exchange(true, std::memory_order_acquire);
  }
  void unlock() { unlock(held_); }
  // As unlock() with a full fence behind it, for the price of the fence.
  void unlock_fenced() { held_.exchange(false, std::memory_order_seq_cst); }

 private:
  static void lock_slow(std::atomic<bool>& held);

  std::atomic<bool> held_ = false;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_LOCK_H_
