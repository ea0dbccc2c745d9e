// The locks that a worker's task holds, as far as preempt::promise_checks is linked and notes them.
#ifndef PREEMPT_FIBER_HELD_LOCKS_H_
#define PREEMPT_FIBER_HELD_LOCKS_H_

#include <array>

namespace preempt::fiber {

// The owner's. Past the first few, locks are forgotten.
class HeldLocks {
 public:
  struct Lock {
    const void* mutex = nullptr;
    const void* caller = nullptr;  // an address in the code that took it
  };

  void add(Lock lock) {
    if (count_ < kMost) locks_[count_++] = lock;
  }

  // A mutex that may be taken twice is held twice.
  void remove(const void* mutex) {
    for (int i = count_ - 1; i >= 0; --i) {
      if (locks_[i].mutex != mutex) continue;
      for (--count_; i < count_; ++i) locks_[i] = locks_[i + 1];
      return;
    }
  }

  // Of a task that ended: locks are not its successor's.
  void clear() { count_ = 0; }

  const Lock* newest() const { return count_ == 0 ? nullptr : &locks_[count_ - 1]; }

 private:
  static constexpr int kMost = 16;
  std::array<Lock, kMost> locks_;
  int count_ = 0;
};

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_HELD_LOCKS_H_
