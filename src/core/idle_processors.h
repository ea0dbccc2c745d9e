// The processors without a worker, and how many workers look for work.
#ifndef PREEMPT_CORE_IDLE_PROCESSORS_H_
#define PREEMPT_CORE_IDLE_PROCESSORS_H_

#include <atomic>
#include <cstdint>
#include <memory>

#include "base/cache_line.h"

namespace preempt::core {

// A stack of processor numbers and two counts in one word, so that a submitter decides by one load and each
// transition is one atomic step. The tag grows with each push: a processor that was popped and pushed again does not
// pass for one that stayed (ABA).
//
//   bits 0-10 number of the top + 1, or 0 | 11-21 idle processors | 22-32 searching workers | 33-63 tag
class alignas(base::kCacheLine) IdleProcessors {
 public:
  static constexpr int kNone = -1;

  explicit IdleProcessors(int processors) : below_(std::make_unique<std::atomic<std::uint16_t>[]>(processors)) {}

  // All transitions are sequentially consistent: see Scheduler::work_arrived().
  void push(int processor) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    std::uint64_t next;
    do {
      below_[processor].store(static_cast<std::uint16_t>(word & kField), std::memory_order_relaxed);
      next = (word & ~kField) + kOneIdle + kOneTag + static_cast<std::uint64_t>(processor + 1);
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_seq_cst, std::memory_order_relaxed));
  }

  int pop() {
    std::uint64_t word = word_.load(std::memory_order_seq_cst);
    for (;;) {
      const int top = static_cast<int>(word & kField);
      if (top == 0) return kNone;
      const std::uint64_t next = (word & ~kField) - kOneIdle + below_[top - 1].load(std::memory_order_relaxed);
      if (word_.compare_exchange_weak(word, next, std::memory_order_seq_cst)) return top - 1;
    }
  }

  void begin_search() { word_.fetch_add(kOneSearching, std::memory_order_seq_cst); }
  // True when this was the last one.
  bool end_search() {
    return (word_.fetch_sub(kOneSearching, std::memory_order_seq_cst) >> kSearchingShift & kField) == 1;
  }

  // What the word says at one moment.
  class Look {
   public:
    explicit Look(std::uint64_t word) : word_(word) {}
    int idle() const { return static_cast<int>(word_ >> kIdleShift & kField); }
    int searching() const { return static_cast<int>(word_ >> kSearchingShift & kField); }
    // Somebody should be woken for new work: there is an idle processor, and nobody awake would find the work anyway.
    bool wants_waking() const { return idle() != 0 && searching() == 0; }

   private:
    std::uint64_t word_;
  };
  Look look() const { return Look(word_.load(std::memory_order_seq_cst)); }
  int idle() const { return look().idle(); }

 private:
  static constexpr std::uint64_t kField = 0x7ff;  // up to 1024 of each
  static constexpr int kIdleShift = 11, kSearchingShift = 22, kTagShift = 33;
  static constexpr std::uint64_t kOneIdle = std::uint64_t{1} << kIdleShift;
  static constexpr std::uint64_t kOneSearching = std::uint64_t{1} << kSearchingShift;
  static constexpr std::uint64_t kOneTag = std::uint64_t{1} << kTagShift;

  std::atomic<std::uint64_t> word_ = 0;
  std::unique_ptr<std::atomic<std::uint16_t>[]> below_;  // what lies under a processor in the stack
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_IDLE_PROCESSORS_H_
