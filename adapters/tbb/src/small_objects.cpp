// Memory for tasks: blocks of one size, which go back to the thread that they came from.
#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "headers.h"

namespace tbb::detail::r1 {
namespace {

constexpr std::size_t kBlockSize = 256;

// AddressSanitizer is to see each object on its own.
#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kLargestPooled = 0;
#else
constexpr std::size_t kLargestPooled = kBlockSize;
#endif

// Of one thread at a time. Blocks outlive it, so it is never destroyed, but adopted by a thread that starts later.
class pool final : public d1::small_object_pool {
 public:
  void* allocate() {
    if (own_ == nullptr) own_ = returned_.exchange(nullptr, std::memory_order_acquire);
    if (own_ == nullptr) refill();
    return std::exchange(own_, own_->next);
  }

  // By the owner.
  void put_back(void* block) { own_ = new (block) free_block{own_}; }

  // By anybody else.
  void give_back(void* memory) {
    auto* const block = new (memory) free_block{returned_.load(std::memory_order_relaxed)};
    while (!returned_.compare_exchange_weak(block->next, block, std::memory_order_release, std::memory_order_relaxed)) {
    }
  }

 private:
  static constexpr std::size_t kBlocksAtOnce = 16;
  struct free_block {
    free_block* next;
  };

  [[gnu::noinline]] void refill() {
    auto* const chunk = static_cast<std::byte*>(cache_aligned_allocate(kBlocksAtOnce * kBlockSize));
    chunks_.push_back(chunk);
    for (std::size_t i = 0; i < kBlocksAtOnce; ++i) put_back(chunk + i * kBlockSize);
  }

  free_block* own_ = nullptr;
  std::vector<std::byte*> chunks_;
  alignas(64) std::atomic<free_block*> returned_{nullptr};
};

// Pools whose threads have ended.
class spare_pools {
 public:
  static spare_pools& get() {
    static auto* const it = new spare_pools;
    return *it;
  }
  pool* take() {
    const std::lock_guard lock(mutex_);
    if (pools_.empty()) {
      all_.push_back(std::make_unique<pool>());
      return all_.back().get();
    }
    pool* const taken = pools_.back();
    pools_.pop_back();
    return taken;
  }
  void put(pool* it) {
    const std::lock_guard lock(mutex_);
    pools_.push_back(it);
  }

 private:
  std::mutex mutex_;
  std::vector<pool*> pools_;
  std::vector<std::unique_ptr<pool>> all_;
};

[[gnu::tls_model("initial-exec")]] thread_local pool* current = nullptr;

struct owner {
  ~owner() { spare_pools::get().put(std::exchange(current, nullptr)); }
};

[[gnu::noinline]] pool& adopt() {
  current = spare_pools::get().take();
  static thread_local owner it;
  static_cast<void>(&it);
  return *current;
}

pool& own() { return current != nullptr ? *current : adopt(); }

}  // namespace

void* allocate(d1::small_object_pool*& from, std::size_t size) {
  pool& mine = own();
  from = &mine;
  return size <= kLargestPooled ? mine.allocate() : cache_aligned_allocate(size);
}

void* allocate(d1::small_object_pool*& from, std::size_t size, const d1::execution_data&) {
  return allocate(from, size);
}

void deallocate(d1::small_object_pool& from, void* memory, std::size_t size) {
  if (size > kLargestPooled) return cache_aligned_deallocate(memory);
  if (&from == current) return current->put_back(memory);
  static_cast<pool&>(from).give_back(memory);
}

void deallocate(d1::small_object_pool& from, void* memory, std::size_t size, const d1::execution_data&) {
  deallocate(from, memory, size);
}

}  // namespace tbb::detail::r1
