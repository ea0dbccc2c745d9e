// A thread's place among those who run tasks of an arena: its deque and what the arena knows of it.
//
// A participant has no thread for good. Who enters the arena takes a free one, with the tasks that the one before it
// may have left; who is stopped in the middle of a body keeps its own, and others steal from it.
#ifndef PREEMPT_ADAPTERS_TBB_PARTICIPANT_H_
#define PREEMPT_ADAPTERS_TBB_PARTICIPANT_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "headers.h"
#include "task_deque.h"

namespace tbb::detail::r1 {

// How a participant counts in its arena.
enum class presence : std::uint8_t {
  absent,   // not in the arena, or asleep in a wait
  worker,   // counted against the arena's concurrency
  master,   // the same: a thread that is no worker
  stalled,  // in a body that has outlived a slice while tasks waited: counted no more, somebody else may run them
  asleep,   // the same, a master whose thread sleeps in the kernel: its reserved place is free, too
};

struct alignas(64) participant {
  explicit participant(d1::slot_id the_id) : id(the_id) {}

  task_deque deque;
  const d1::slot_id id;  // the identity that is_stolen() compares; no index for the user
  std::atomic<bool> taken{false};

  presence kind = presence::master;  // as what its owner counts; the owner's
  std::atomic<int> thread{0};        // of the owner, for the kernel
  std::atomic<presence> state{presence::absent};
  std::atomic<std::uint32_t> bodies{0};        // begun so far
  std::atomic<std::uint32_t> outer_bodies{0};  // of them, not in a wait
  std::uint32_t seen_bodies = 0;               // by the pacer, at its last look
  std::uint32_t seen_outer_bodies = 0;
  std::atomic<std::uint32_t> long_body{0};  // the one that was under way at two looks, by its number

  bool counts() const {
    const presence now = state.load(std::memory_order_acquire);
    return now == presence::worker || now == presence::master;
  }
  bool is_in_long_body() const {
    return long_body.load(std::memory_order_relaxed) == bodies.load(std::memory_order_relaxed);
  }
  // A new owner.
  void become(presence what);
  // Whether its owner's thread sleeps in the kernel now.
  bool is_asleep() const;
  void begin_outer_body() {
    outer_bodies.store(outer_bodies.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  void begin_body() { bodies.store(bodies.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed); }
};

// All that an arena has ever had. They are added, never removed, and found by index without a lock.
class participant_list {
 public:
  ~participant_list() {
    for (int i = 0; i < size(); ++i) delete &(*this)[i];
  }

  int size() const { return size_.load(std::memory_order_acquire); }
  participant& operator[](int index) const {
    const auto [block, offset] = place_of(index);
    return *blocks_[block].load(std::memory_order_relaxed)[offset].load(std::memory_order_relaxed);
  }

  // One that nobody else has.
  participant& take() {
    for (int i = 0; i < size(); ++i) {
      participant& each = (*this)[i];
      if (!each.taken.load(std::memory_order_relaxed) && !each.taken.exchange(true, std::memory_order_acquire)) {
        return each;
      }
    }
    return add();
  }
  static void give_back(participant& it) { it.taken.store(false, std::memory_order_release); }

 private:
  // Block b holds 8 << b of them, all blocks together more than there can be threads.
  static constexpr int kFirst = 8;
  struct place {
    std::size_t block;
    std::size_t offset;
  };
  static place place_of(int index) {
    const unsigned scaled = static_cast<unsigned>(index) / kFirst + 1;
    const auto block = static_cast<std::size_t>(31 - __builtin_clz(scaled));
    return {block, static_cast<std::size_t>(index) - kFirst * ((std::size_t{1} << block) - 1)};
  }

  participant& add() {
    const std::lock_guard lock(mutex_);
    const int index = size();
    const auto [block, offset] = place_of(index);
    if (offset == 0) {
      owned_[block] = std::make_unique<std::atomic<participant*>[]>(kFirst << block);
      blocks_[block].store(owned_[block].get(), std::memory_order_relaxed);
    }
    auto* const added = new participant(static_cast<d1::slot_id>(index % d1::any_slot));
    added->taken.store(true, std::memory_order_relaxed);
    blocks_[block].load(std::memory_order_relaxed)[offset].store(added, std::memory_order_relaxed);
    size_.store(index + 1, std::memory_order_release);
    return *added;
  }

  static constexpr std::size_t kBlocks = 24;
  std::atomic<int> size_{0};
  std::mutex mutex_;
  std::array<std::atomic<std::atomic<participant*>*>, kBlocks> blocks_{};
  std::array<std::unique_ptr<std::atomic<participant*>[]>, kBlocks> owned_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_PARTICIPANT_H_
