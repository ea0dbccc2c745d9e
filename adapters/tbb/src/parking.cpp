#include "parking.h"

#include <preempt/blocking.h>
#include <preempt/checkpoint.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <limits>
#include <list>
#include <mutex>
#include <semaphore>

#include "headers.h"

namespace tbb::detail::r1 {
namespace {

struct sleeper {
  const void* address;
  std::uintptr_t tag;
  std::binary_semaphore wake{0};
};

// Sleepers whose addresses have the same hash.
struct alignas(64) bucket {
  std::atomic<int> count{0};
  std::mutex mutex;
  std::list<sleeper*> sleepers;  // oldest first
};

// Never destroyed: threads may wait during exit().
std::array<bucket, 256>& table() {
  static auto* const it = new std::array<bucket, 256>;
  return *it;
}

bucket& bucket_of(const void* address) {
  const auto bits = reinterpret_cast<std::uintptr_t>(address);
  return table()[((bits >> 4) ^ (bits >> 12) ^ (bits >> 20)) % table().size()];
}

// A thread stopped inside would keep all others of the bucket waiting.
class bucket_lock {
 public:
  explicit bucket_lock(bucket& it) : lock_(it.mutex) {}

 private:
  const preempt::NoPreempt here_;
  const std::lock_guard<std::mutex> lock_;
};

void join(bucket& it, sleeper& self) {
  const bucket_lock lock(it);
  it.sleepers.push_back(&self);
  it.count.fetch_add(1, std::memory_order_seq_cst);
}

// False: a waker has taken it off the list already.
bool leave(bucket& it, sleeper& self) {
  const bucket_lock lock(it);
  const auto found = std::find(it.sleepers.begin(), it.sleepers.end(), &self);
  if (found == it.sleepers.end()) return false;
  it.sleepers.erase(found);
  it.count.fetch_sub(1, std::memory_order_relaxed);
  return true;
}

// In the list of its bucket, or taken off it and woken.
class listed {
 public:
  listed(bucket& it, sleeper& self) : bucket_(it), self_(self) { join(it, self); }
  // The waker touches the sleeper last where it releases the semaphore.
  ~listed() {
    if (!slept_ && !leave(bucket_, self_)) self_.wake.acquire();
  }
  void sleep() {
    const preempt::Blocking here(preempt::kNow);
    self_.wake.acquire();
    slept_ = true;
  }

 private:
  bucket& bucket_;
  sleeper& self_;
  bool slept_ = false;
};

template <class Condition>
[[gnu::noinline]] void wake_in(bucket& it, const void* address, int most, const Condition& condition) {
  const bucket_lock lock(it);
  for (auto each = it.sleepers.begin(); each != it.sleepers.end() && most > 0;) {
    sleeper& found = **each;
    if (found.address != address || !condition(found.tag)) {
      ++each;
      continue;
    }
    each = it.sleepers.erase(each);
    it.count.fetch_sub(1, std::memory_order_relaxed);
    found.wake.release();
    --most;
  }
}

template <class Condition>
void wake(const void* address, int most, const Condition& condition) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  bucket& it = bucket_of(address);
  if (it.count.load(std::memory_order_seq_cst) != 0) wake_in(it, address, most, condition);
}

constexpr int kAll = std::numeric_limits<int>::max();
constexpr auto anybody = [](std::uintptr_t) { return true; };

}  // namespace

void wait_on(const void* address, std::uintptr_t tag, const std::function<bool()>& must_wait) {
  sleeper self{.address = address, .tag = tag};
  listed here(bucket_of(address), self);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (must_wait()) here.sleep();
}

void wake_all(const void* address) { wake(address, kAll, anybody); }

void wake_all_after_barrier(const void* address) {
  bucket& it = bucket_of(address);
  if (it.count.load(std::memory_order_seq_cst) != 0) wake_in(it, address, kAll, anybody);
}

void wake_one(const void* address) { wake(address, 1, anybody); }

void wake_if(const void* address, const std::function<bool(std::uintptr_t tag)>& condition) {
  wake(address, kAll, condition);
}

// What tbb::mutex, rw_mutex and the blocking parts of the headers import. Here the delegate is true when the wait may
// end.
void wait_on_address(void* address, d1::delegate_base& wakeup_condition, std::uintptr_t context) {
  wait_on(address, context, [&] { return !wakeup_condition(); });
}

void notify_by_address(void* address, std::uintptr_t context) {
  wake_if(address, [context](std::uintptr_t tag) { return tag == context; });
}

void notify_by_address_one(void* address) { wake_one(address); }
void notify_by_address_all(void* address) { wake_all(address); }

}  // namespace tbb::detail::r1
