// queuing_rw_mutex: first come, first served; readers that follow each other read together.
//
// The locks are a list, linked in order of arrival, of those who hold and of those who wait behind them. The lowest bit
// of the mutex's pointer to the last one guards the list; it is held for a few instructions, and never across a
// preemption. Holders are in front: one writer, or readers only.
#include <preempt/checkpoint.h>

#include <cstdint>
#include <thread>

#include "headers.h"
#include "parking.h"
#include "spin.h"

namespace tbb::detail::r1 {

struct queuing_rw_mutex_impl {
  using mutex = d1::queuing_rw_mutex;
  using node = d1::queuing_rw_mutex::scoped_lock;

  static void acquire(mutex& of, node& self, bool writes) {
    self.my_mutex = &of;
    bool holds = false;
    {
      list at(of);
      holds = append(at, self, writes);
    }
    if (!holds) wait(self);
  }

  static bool try_acquire(mutex& of, node& self, bool writes) {
    list at(of);
    if (at.last() != nullptr) return false;  // also where readers read together, as oneTBB's
    self.my_mutex = &of;
    append(at, self, writes);
    return true;
  }

  static void release(node& self) {
    mutex& of = *self.my_mutex;
    remove(self);
    wake_all(&of);
  }

  static void remove(node& self) {
    list at(*self.my_mutex);
    node* const behind = next(self);
    node* const before = previous(self);
    if (before != nullptr) before->my_next.store(bits(behind), std::memory_order_relaxed);
    if (behind != nullptr) {
      behind->my_prev.store(bits(before), std::memory_order_relaxed);
    } else {
      at.set_last(before);
    }
    self.my_mutex = nullptr;
    if (before == nullptr) let_in(behind);
  }

  static bool upgrade(node& self) {
    if (is_writer(self)) return true;
    {
      const list guard(*self.my_mutex);
      node* const behind = next(self);
      if (previous(self) == nullptr && (behind == nullptr || !holds(*behind))) {
        set(self, kWrites);
        return true;
      }
    }
    mutex& of = *self.my_mutex;
    release(self);
    acquire(of, self, true);
    return false;
  }

  static bool downgrade(node& self) {
    if (!is_writer(self)) return true;
    {
      const list guard(*self.my_mutex);
      set(self, kReads);
      if (node* const behind = next(self); behind != nullptr && state(*behind) == kWantsToRead) let_in(behind);
    }
    wake_all(self.my_mutex);
    return true;
  }

  static bool is_writer(const node& self) { return state(self) == kWrites; }

 private:
  static constexpr node::state_t kWantsToRead = 0;
  static constexpr node::state_t kWantsToWrite = 1;
  static constexpr node::state_t kReads = 2;
  static constexpr node::state_t kWrites = 3;

  // The guarded list.
  class list {
   public:
    explicit list(mutex& of) : tail_(of.q_tail) {
      for (spin_wait spin(spin_wait::kBeforeSleep);;) {
        node* seen = tail_.load(std::memory_order_relaxed);
        if ((bits(seen) & kGuard) == 0 &&
            tail_.compare_exchange_weak(seen, pointer(bits(seen) | kGuard), std::memory_order_acquire)) {
          last_ = seen;
          return;
        }
        if (!spin.go_on()) std::this_thread::yield();
      }
    }
    ~list() { tail_.store(last_, std::memory_order_release); }
    list(const list&) = delete;
    list& operator=(const list&) = delete;

    node* last() const { return last_; }
    void set_last(node* last) { last_ = last; }

   private:
    static constexpr std::uintptr_t kGuard = 1;
    const preempt::NoPreempt here_;
    std::atomic<node*>& tail_;
    node* last_ = nullptr;
  };

  static std::uintptr_t bits(const node* it) { return reinterpret_cast<std::uintptr_t>(it); }
  static node* pointer(std::uintptr_t bits) { return reinterpret_cast<node*>(bits); }
  static node* next(const node& of) { return pointer(of.my_next.load(std::memory_order_relaxed)); }
  static node* previous(const node& of) { return pointer(of.my_prev.load(std::memory_order_relaxed)); }
  static node::state_t state(const node& of) { return of.my_state.load(std::memory_order_relaxed); }
  static void set(node& it, node::state_t state) { it.my_state.store(state, std::memory_order_relaxed); }
  static bool holds(const node& it) { return state(it) >= kReads; }

  static bool may_hold_behind(const node* last, bool writes) {
    return last == nullptr || (!writes && state(*last) == kReads);
  }

  static bool append(list& at, node& self, bool writes) {
    node* const before = at.last();
    const bool holds = may_hold_behind(before, writes);
    set(self, holds ? (writes ? kWrites : kReads) : (writes ? kWantsToWrite : kWantsToRead));
    self.my_going.store(holds, std::memory_order_relaxed);
    self.my_next.store(0, std::memory_order_relaxed);
    self.my_prev.store(bits(before), std::memory_order_relaxed);
    if (before != nullptr) before->my_next.store(bits(&self), std::memory_order_relaxed);
    at.set_last(&self);
    return holds;
  }

  // The first that waits, and when it reads, all readers behind it.
  static void let_in(node* first) {
    if (first == nullptr || holds(*first)) return;
    if (state(*first) == kWantsToWrite) {
      set(*first, kWrites);
      return go(*first);
    }
    for (node* each = first; each != nullptr && state(*each) == kWantsToRead;) {
      node* const behind = next(*each);
      set(*each, kReads);
      go(*each);
      each = behind;
    }
  }

  // It may go, but for the list's guard. Who waits is woken, by the address of the mutex, when the list is open again:
  // waking takes a lock that one may have to sleep for.
  static void go(node& it) { it.my_going.store(1, std::memory_order_seq_cst); }

  static void wait(node& self) {
    const auto must_wait = [&self] { return self.my_going.load(std::memory_order_seq_cst) == 0; };
    for (spin_wait spin(spin_wait::kBeforeSleep); must_wait() && spin.go_on();) {
    }
    while (must_wait()) wait_on(self.my_mutex, 0, must_wait);
  }
};

// For programs of before 2021.6, whose headers declare it.
__attribute__((visibility("default"))) void construct(d1::queuing_rw_mutex&) {}

void acquire(d1::queuing_rw_mutex& mutex, d1::queuing_rw_mutex::scoped_lock& lock, bool write) {
  queuing_rw_mutex_impl::acquire(mutex, lock, write);
}
bool try_acquire(d1::queuing_rw_mutex& mutex, d1::queuing_rw_mutex::scoped_lock& lock, bool write) {
  return queuing_rw_mutex_impl::try_acquire(mutex, lock, write);
}
void release(d1::queuing_rw_mutex::scoped_lock& lock) { queuing_rw_mutex_impl::release(lock); }
bool upgrade_to_writer(d1::queuing_rw_mutex::scoped_lock& lock) { return queuing_rw_mutex_impl::upgrade(lock); }
bool downgrade_to_reader(d1::queuing_rw_mutex::scoped_lock& lock) { return queuing_rw_mutex_impl::downgrade(lock); }
bool is_writer(const d1::queuing_rw_mutex::scoped_lock& lock) { return queuing_rw_mutex_impl::is_writer(lock); }

}  // namespace tbb::detail::r1
