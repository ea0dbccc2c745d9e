// How long a thread looks for something before it goes to sleep.
#ifndef PREEMPT_ADAPTERS_TBB_SPIN_H_
#define PREEMPT_ADAPTERS_TBB_SPIN_H_

namespace tbb::detail::r1 {

class spin_wait {
 public:
  // In pauses of about 40 ns each: before a sleep that ends with a wake-up, about what both cost together. A worker
  // looks out no longer before it ends: to the executor it is a fresh task, before which long bodies wait.
  static constexpr int kBeforeSleep = 500;
  static constexpr int kBeforeEnd = 400;

  explicit spin_wait(int pauses) : most_(pauses) {}

  bool go_on() {
    if (pauses_ >= most_) return false;
    for (int i = 0; i < kAtOnce; ++i) __builtin_ia32_pause();
    pauses_ += kAtOnce;
    return true;
  }
  void restart() { pauses_ = 0; }

 private:
  static constexpr int kAtOnce = 8;
  const int most_;
  int pauses_ = 0;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_SPIN_H_
