// Parked workers without a task, the last one first: its stack and its cpu's cache are warm.
#ifndef PREEMPT_CORE_SPARE_STACK_H_
#define PREEMPT_CORE_SPARE_STACK_H_

#include <atomic>
#include <cstdint>

#include "base/cache_line.h"
#include "core/worker.h"

namespace preempt::core {

// All workers of an executor by number. Entries are added and never removed while the executor lives.
class WorkerTable {
 public:
  explicit WorkerTable(int most) : most_(most), workers_(new std::atomic<Worker*>[most]()) {}
  ~WorkerTable() { delete[] workers_; }
  WorkerTable(const WorkerTable&) = delete;
  WorkerTable& operator=(const WorkerTable&) = delete;

  int most() const { return most_; }
  int size() const { return size_.load(std::memory_order_acquire); }
  Worker& operator[](int id) const { return *workers_[id].load(std::memory_order_relaxed); }
  // One thread at a time: the constructor, then the spawner.
  void add(Worker& worker) {
    workers_[worker.id].store(&worker, std::memory_order_relaxed);
    size_.store(worker.id + 1, std::memory_order_release);  // pairs with size()
  }

 private:
  const int most_;
  std::atomic<Worker*>* workers_;
  std::atomic<int> size_ = 0;
};

// Lock-free; workers are never freed while others use it, and a tag in the word excludes ABA.
class alignas(base::kCacheLine) SpareStack {
 public:
  void push(Worker& worker) {
    std::uint64_t word = word_.load(std::memory_order_relaxed);
    std::uint64_t next;
    do {
      worker.spare_below.store(static_cast<std::uint32_t>(word), std::memory_order_relaxed);
      next = ((word >> 32) + 1) << 32 | static_cast<std::uint32_t>(worker.id + 1);
      // Sequentially consistent: pairs with Scheduler::help_idle_processors().
    } while (!word_.compare_exchange_weak(word, next, std::memory_order_seq_cst, std::memory_order_relaxed));
  }

  Worker* pop(const WorkerTable& workers) {
    std::uint64_t word = word_.load(std::memory_order_seq_cst);
    for (;;) {
      const auto top = static_cast<std::uint32_t>(word);
      if (top == 0) return nullptr;
      Worker& worker = workers[static_cast<int>(top) - 1];
      const std::uint64_t next = (word >> 32) << 32 | worker.spare_below.load(std::memory_order_relaxed);
      if (word_.compare_exchange_weak(word, next, std::memory_order_seq_cst)) return &worker;
    }
  }

  bool empty() const { return static_cast<std::uint32_t>(word_.load(std::memory_order_seq_cst)) == 0; }

 private:
  std::atomic<std::uint64_t> word_ = 0;  // tag and number of the top + 1
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_SPARE_STACK_H_
