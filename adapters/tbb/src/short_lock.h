// A lock for a few instructions. Nobody is preempted while he holds it, so that nobody spins for a slice.
#ifndef PREEMPT_ADAPTERS_TBB_SHORT_LOCK_H_
#define PREEMPT_ADAPTERS_TBB_SHORT_LOCK_H_

#include <preempt/checkpoint.h>

#include <atomic>
#include <thread>

namespace tbb::detail::r1 {

class short_lock {
 public:
  class hold {
   public:
    explicit hold(short_lock& of) : lock_(of) { lock_.acquire(); }
    ~hold() { lock_.release(); }
    hold(const hold&) = delete;
    hold& operator=(const hold&) = delete;

   private:
    const preempt::NoPreempt here_;
    short_lock& lock_;
  };

  // For who holds many: within a NoPreempt of his own.
  void acquire() {
    for (int tries = 0; taken_.exchange(true, std::memory_order_acquire); ++tries) {
      while (taken_.load(std::memory_order_relaxed)) {
        // The kernel may have stopped the holder, as it does with more threads than cpus.
        if (++tries % kSpins == 0) std::this_thread::yield();
        __builtin_ia32_pause();
      }
    }
  }
  void release() { taken_.store(false, std::memory_order_release); }

 private:
  static constexpr int kSpins = 64;
  std::atomic<bool> taken_{false};
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_SHORT_LOCK_H_
