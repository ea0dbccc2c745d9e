#include "signal/code_ranges.h"

#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>

#include "preempt/signal_safe.h"

namespace preempt::signal {
namespace {

// A few stretches of code that come and go while handlers read them. No lock: an entry is free while `begin` is 0, and
// `end` is written before `begin` becomes visible.
class CodeRanges {
 public:
  bool add(std::uintptr_t begin, std::uintptr_t end) noexcept {
    for (int i = 0; i < kMostRanges; ++i) {
      Range& range = ranges_[i];
      std::uintptr_t none = 0;
      // kReserved holds the entry without matching any address.
      if (!range.begin.compare_exchange_strong(none, kReserved, std::memory_order_relaxed)) continue;
      range.end.store(end, std::memory_order_relaxed);
      range.begin.store(begin, std::memory_order_release);  // pairs with contains()
      raise_used(i + 1);
      return true;
    }
    return false;
  }

  void remove(std::uintptr_t begin) noexcept {
    for (Range& range : ranges_) {
      if (range.begin.load(std::memory_order_relaxed) != begin) continue;
      range.end.store(0, std::memory_order_relaxed);
      range.begin.store(0, std::memory_order_release);
      return;
    }
  }

  bool contains(std::uintptr_t pc) const noexcept {
    const int used = used_.load(std::memory_order_relaxed);
    for (int i = 0; i < used; ++i) {
      const Range& range = ranges_[i];
      const std::uintptr_t begin = range.begin.load(std::memory_order_acquire);
      if (begin == 0 || pc < begin || pc >= range.end.load(std::memory_order_acquire)) continue;
      // Else the end may be of another range that took the entry over meanwhile.
      if (range.begin.load(std::memory_order_relaxed) == begin) return true;
    }
    return false;
  }

 private:
  void raise_used(int used) noexcept {
    int before = used_.load(std::memory_order_relaxed);
    while (before < used && !used_.compare_exchange_weak(before, used, std::memory_order_relaxed)) {
    }
  }

  static constexpr std::uintptr_t kReserved = ~std::uintptr_t{0};
  static constexpr int kMostRanges = 128;
  struct Range {
    std::atomic<std::uintptr_t> begin = 0;
    std::atomic<std::uintptr_t> end = 0;
  };
  std::array<Range, kMostRanges> ranges_;
  std::atomic<int> used_ = 0;  // entries from here on never were
};

constinit CodeRanges signal_safe_code;
constinit CodeRanges hot_code;

int add_if_hot(dl_phdr_info* object, std::size_t, void* wanted_address) {
  const auto wanted = reinterpret_cast<std::uintptr_t>(wanted_address);
  bool is_wanted = false;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (segment.p_type == PT_LOAD && begin <= wanted && wanted < begin + segment.p_memsz) is_wanted = true;
  }
  // In a static program libc is the program itself: nothing is hotter than the rest.
  const bool is_program = object->dlpi_name == nullptr || object->dlpi_name[0] == '\0';
  if (!is_wanted || is_program) return 0;
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_X) == 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + segment.p_vaddr;
    if (!hot_code.contains(begin)) hot_code.add(begin, begin + segment.p_memsz);
  }
  return 1;
}

}  // namespace

bool is_signal_safe(std::uintptr_t pc) noexcept { return signal_safe_code.contains(pc); }
bool is_hot(std::uintptr_t pc) noexcept { return hot_code.contains(pc); }

void find_hot_code() noexcept {
  // dlsym() and not &malloc: an allocator may have been preloaded, or be in another object than libc.
  for (const char* name : {"malloc", "pthread_mutex_lock", "__tls_get_addr"}) {
    if (void* address = dlsym(RTLD_DEFAULT, name)) dl_iterate_phdr(&add_if_hot, address);
  }
}

}  // namespace preempt::signal

namespace preempt::detail {

void register_signal_safe_range(const char* begin, const char* end) noexcept {
  if (begin == end) return;
  // Past 128 ranges, two for each shared object with marked code, one is not entered: its tasks get thread switches,
  // which are always right.
  static_cast<void>(
      signal::signal_safe_code.add(reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(end)));
}

void unregister_signal_safe_range(const char* begin) noexcept {
  if (begin != nullptr) signal::signal_safe_code.remove(reinterpret_cast<std::uintptr_t>(begin));
}

}  // namespace preempt::detail
