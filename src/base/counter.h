// A number that one thread writes and any thread reads.
#ifndef PREEMPT_BASE_COUNTER_H_
#define PREEMPT_BASE_COUNTER_H_

#include <atomic>
#include <cstdint>

namespace preempt::base {

// Adding costs no locked instruction, because there is one writer (a worker: the thread that is in the scheduler).
class Counter {
 public:
  void add(std::uint64_t amount = 1) {
    // Release: who reads the count (Scheduler::unfinished) also sees what was counted.
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_release);
  }
  std::uint64_t get() const { return value_.load(std::memory_order_acquire); }

 private:
  std::atomic<std::uint64_t> value_ = 0;
};

}  // namespace preempt::base

#endif  // PREEMPT_BASE_COUNTER_H_
