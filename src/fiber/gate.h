// What the signal handler of a worker reads, and the door that it knocks at.
#ifndef PREEMPT_FIBER_GATE_H_
#define PREEMPT_FIBER_GATE_H_

#include <sys/types.h>
#include <ucontext.h>

#include <array>
#include <atomic>
#include <cstdint>

#include "base/cache_line.h"
#include "base/counter.h"
#include "preempt/options.h"
#include "preempt/stats.h"

namespace preempt::fiber {

// Where a worker's processor is, as far as the worker and the watchdog dispute it (src/core/README.md, "Taking a
// processor").
enum class Lost : std::uint32_t { kNo, kClaimed, kTaken };

// A stretch of memory, [low, high).
struct Bounds {
  std::uintptr_t low = 0;
  std::uintptr_t high = 0;
  bool contains(std::uintptr_t address) const { return low <= address && address < high; }
};

// Why the scheduler is entered by something else than the end of a task.
enum class Entry {
  kStopThread,        // from the handler: park this thread, if the task's time is over
  kInjected,          // from the injected call: set the fiber aside, if the task's time is over
  kCheckpoint,        // from a checkpoint that found the guard word set
  kDeferred,          // at the end of a stretch that had to wait: the thread may be parked, the fiber must not move
  kYield,             // by the task's own wish
  kWithoutProcessor,  // from the handler: the processor was taken
  kTryAgain,          // from the handler: not here, ask once more very soon
};

// What a task did to end like this.
struct Fault {
  enum class Kind {
    kOverflow,      // touched the guard page of its stack, at `address`
    kOverwritten,   // wrote below its stack, which has no guard page
    kStaleAddress,  // used `address`, which stands for one of the thread that it was on before (fiber/stale_address.h)
  };
  Kind kind = Kind::kOverflow;
  std::uintptr_t address = 0;
};

// The per-worker record between the handler, the scheduler and the watchdog. Lives as long as the executor.
struct Gate {
  // Go's stackPreempt (src/runtime/stack.go): above every stack pointer.
  static constexpr std::uint64_t kAsked = 0xfffffffffffffade;
  static constexpr std::uint8_t kMostCuts = 6;

  // --- Owner thread and its signal handler only. Relaxed atomics where the watchdog looks, too.
  std::atomic<bool> in_scheduler = true;    // pairs with Lost::kClaimed in core/handoff.cpp
  std::atomic<bool> pending = false;        // a request came while it could not be honoured
  std::uint32_t no_preempt = 0;             // depth of NoPreempt scopes
  std::atomic<std::uint32_t> blocking = 0;  // depth of Blocking scopes
  std::atomic<bool> migratable = false;     // the running task's promise
  std::uint8_t tries = 0;                   // kTryAgain verdicts for this dispatch
  Preemption mode = Preemption::kNone;
  std::atomic<bool> cut_short = false;  // a call was: no second signal before a slice more
  std::atomic<std::uint8_t> cuts = 0;   // one after the other, at cut_site, without a preemption in between
  std::uintptr_t cut_site = 0;
  std::atomic<std::uint32_t> signals = 0;  // of ours, handled
  Bounds fiber_stack;                      // of the running fiber
  Bounds alternate_stack;
  Bounds thread_variables;  // of its thread; none unless promises are checked
  void* worker = nullptr;   // core::Worker
  // The upward edges: set once by core.
  Verdict (*on_preempt)(Gate&, Entry) = nullptr;
  void (*on_fault)(Gate&, const ucontext_t&, Fault) = nullptr;
  std::array<base::Counter, static_cast<std::size_t>(Verdict::kCount)> verdicts;

  // --- Shared with the watchdog and submitters.
  alignas(base::kCacheLine) std::atomic<Lost> lost = Lost::kNo;
  std::atomic<bool> asked = false;                   // a signal of ours is under way
  std::atomic<std::uint64_t>* guard_word = nullptr;  // the owner's %fs:0x70
  pid_t thread = 0;

  void ask() { guard_word->store(kAsked, std::memory_order_relaxed); }
  void clear_guard_word() {
    if (guard_word->load(std::memory_order_relaxed) != 0) guard_word->store(0, std::memory_order_relaxed);
  }
  void count(Verdict verdict) { verdicts[static_cast<std::size_t>(verdict)].add(); }

  // A system call was cut short at `site` and starts again, or fails.
  void cut(std::uintptr_t site) {
    const std::uint8_t before = site == cut_site ? cuts.load(std::memory_order_relaxed) : 0;
    cut_site = site;
    if (before < kMostCuts) cuts.store(static_cast<std::uint8_t>(before + 1), std::memory_order_relaxed);
    cut_short.store(true, std::memory_order_relaxed);
  }
  void forget_cuts() { cuts.store(0, std::memory_order_relaxed); }

  // True where a request must wait: clears the guard word and leaves a note for the end of that stretch.
  bool defer_if_closed() {
    if (!in_scheduler.load(std::memory_order_relaxed) && !closed_by_scope()) return false;
    defer();
    return true;
  }
  bool closed_by_scope() const { return no_preempt != 0 || blocking.load(std::memory_order_relaxed) != 0; }
  void defer() {
    clear_guard_word();
    pending.store(true, std::memory_order_relaxed);
  }
};

// The calling thread's gate; null off workers. Never inlined, so that no address of a thread-local is kept over a
// switch to another thread.
Gate* current_gate() noexcept;
void set_current_gate(Gate* gate) noexcept;

// The calling thread's %fs:0x70 (glibc: tcbhead_t.__private_ss, reserved for split stacks).
std::atomic<std::uint64_t>* own_guard_word() noexcept;

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_GATE_H_
