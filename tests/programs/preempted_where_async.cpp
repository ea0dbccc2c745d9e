// A task may be preempted at the places where a thread pool of fibers must not: with a lock held, inside the allocator,
// the unwinder, a catch block, printf, the dynamic loader, the constructor of a thread_local.
//
// Each case says by a thread-local word what it is doing. The observer, which runs in the signal handler, counts the
// thread switches that happened there; where the word alone does not prove it, the program counter must also be in the
// library concerned. A case goes on until some were seen.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "preempt/executor.h"
#include "signal/observer.h"
#include "support/scale.h"
#include "support/seed.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using testing::busy_for;
using testing::Random;
using testing::scaled;

enum Place {
  kElsewhere,
  kLocked,
  kAllocating,
  kThrowing,
  kUnwinding,
  kCatching,
  kPrinting,
  kLoading,
  kFirstUse,
  kPlaces
};

thread_local volatile Place place = kElsewhere;
std::array<std::atomic<int>, kPlaces> seen = {};

// Code of one shared object or of the executable.
struct Code {
  std::uintptr_t address = 0;  // somewhere in it
  std::uintptr_t begin = 0, end = 0;

  bool contains(std::uintptr_t pc) const { return pc >= begin && pc < end; }
};

int find_code(dl_phdr_info* info, std::size_t, void* data) {
  Code& code = *static_cast<Code*>(data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    const std::uintptr_t begin = info->dlpi_addr + header.p_vaddr;
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (code.address < begin || code.address >= begin + header.p_memsz) continue;
    code.begin = begin;
    code.end = begin + header.p_memsz;
    return 1;
  }
  return 0;
}

Code code_of(void* function) {
  Code code = {.address = reinterpret_cast<std::uintptr_t>(function)};
  dl_iterate_phdr(find_code, &code);
  return code;
}

// Where the program counter must be for a place to count; empty: anywhere.
std::array<Code, kPlaces> required_code = {};
// Where it must not be.
std::array<Code, kPlaces> forbidden_code = {};

void observe(const ucontext_t& interrupted, Verdict verdict) {
  if (verdict != Verdict::kThreadSwitch) return;
  const Place here = place;
  const auto pc = static_cast<std::uintptr_t>(interrupted.uc_mcontext.gregs[REG_RIP]);
  if (!forbidden_code[here].contains(pc) && (required_code[here].end == 0 || required_code[here].contains(pc))) {
    ++seen[here];
  }
}

class At {
 public:
  explicit At(Place here) : before_(place) { place = here; }
  ~At() { place = before_; }

 private:
  Place before_;
};

// Runs `task(seed)` in batches until `where` was seen often. A sanitizer or a busy machine leaves little time to some
// places: after 5 s once is enough, after 20 s it has failed.
template <class Function>
void run_until_seen(Place where, Function task, int processors = 2) {
  const int wanted = scaled(100);
  const auto begin = std::chrono::steady_clock::now();
  const auto goes_on = [&] {
    const auto limit = std::chrono::seconds(seen[where] == 0 ? 20 : 5);
    return seen[where] < wanted && std::chrono::steady_clock::now() < begin + limit;
  };
  std::uint64_t seed = 0;
  while (goes_on()) {
    // A new one for each round: its threads are new too.
    Executor executor({.processors = processors, .time_slice = microseconds(100), .slice_growth = 1});
    for (int batch = 0; batch < 10 && goes_on(); ++batch) {
      for (int i = 0; i < 16; ++i) executor.execute([=] { task(seed + static_cast<std::uint64_t>(i)); });
      seed += 16;
      executor.drain();
    }
  }
  std::printf("  %d thread switches there\n", seen[where].load());
  EXPECT_GT(seen[where], 0) << "thread switches at the place that the test is about";
}

class PreemptedWhereAsync : public ::testing::Test {
 protected:
  void SetUp() override {
    required_code[kAllocating] = code_of(dlsym(RTLD_DEFAULT, "malloc"));
    // Not of snprintf itself: a sanitizer puts its own before the C library's.
    required_code[kPrinting] = code_of(dlsym(RTLD_DEFAULT, "gnu_get_libc_version"));
    // Whatever is not this program's own code is the unwinder, what it asks, or the sanitizer that watches it.
    forbidden_code[kThrowing] = code_of(reinterpret_cast<void*>(&observe));
    signal::set_observer(observe);
  }
  void TearDown() override { signal::set_observer(nullptr); }
};

TEST_F(PreemptedWhereAsync, LockHeld) {
  static std::mutex mutex;
  static std::uint64_t first = 0, second = 0;
  static std::atomic<std::uint64_t> turns = 0, torn = 0;
  run_until_seen(kLocked, [](std::uint64_t) {
    for (int i = 0; i < 5; ++i) {
      const std::lock_guard lock(mutex);
      const At here(kLocked);
      if (first != second) ++torn;
      ++first;
      busy_for(microseconds(60));
      ++second;
      ++turns;
    }
  });
  EXPECT_EQ(first, turns);
  EXPECT_EQ(second, turns);
  EXPECT_EQ(torn, 0u);
}

TEST_F(PreemptedWhereAsync, InsideTheAllocator) {
  static std::atomic<int> wrong = 0;
  run_until_seen(kAllocating, [](std::uint64_t seed) {
    Random random(seed);
    std::array<std::uint64_t*, 256> blocks = {};
    for (int i = 0; i < 20000; ++i) {
      const std::uint64_t which = random.below(blocks.size());
      std::uint64_t*& block = blocks[which];
      if (block != nullptr && *block != which) ++wrong;
      const At here(kAllocating);
      std::free(block);
      block = static_cast<std::uint64_t*>(std::malloc(8 + random.below(3000)));
      *block = which;
    }
    for (std::uint64_t* block : blocks) std::free(block);
  });
  EXPECT_EQ(wrong, 0);
}

struct Failure : std::runtime_error {
  Failure(std::string text, std::uint64_t number) : std::runtime_error(std::move(text)), seed(number) {}
  std::uint64_t seed;
};

std::atomic<int> wrong_while_unwinding = 0;

struct Frame {
  ~Frame() {
    if (where != kUnwinding) return;
    const At here(kUnwinding);
    busy_for(microseconds(10));
    if (std::uncaught_exceptions() != 1) ++wrong_while_unwinding;
  }
  Place where;
};

[[gnu::noinline]] void throw_from(int depth, std::uint64_t seed, Place where) {
  const Frame frame = {where};
  if (depth == 0) throw Failure("failure " + std::to_string(seed), seed);
  throw_from(depth - 1, seed, where);
  asm volatile("");  // keeps the call from being a jump
}

// Whether what is caught is the task's own, also after a second exception came and went inside the catch block.
bool catches_its_own(std::uint64_t seed, Place where) {
  const std::string expected = "failure " + std::to_string(seed);
  try {
    const At here(where);
    throw_from(where == kThrowing ? 300 : 30, seed, where);
  } catch (const Failure& failure) {
    const At here(where == kCatching ? kCatching : kElsewhere);
    if (where == kCatching) busy_for(microseconds(150));
    try {
      throw seed;
    } catch (const std::uint64_t& number) {
      if (where == kCatching) busy_for(microseconds(50));
      if (number != seed) return false;
    }
    try {
      std::rethrow_exception(std::current_exception());
    } catch (const std::runtime_error& again) {
      return failure.seed == seed && expected == again.what() && std::uncaught_exceptions() == 0;
    }
  }
  return false;
}

template <Place where>
void expect_own_exceptions() {
  static std::atomic<int> wrong = 0;
  run_until_seen(where, [](std::uint64_t seed) {
    for (std::uint64_t turn = 0; turn < 10; ++turn) {
      if (!catches_its_own(seed * 10 + turn, where)) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(wrong_while_unwinding, 0);
}

TEST_F(PreemptedWhereAsync, InsideTheUnwinder) { expect_own_exceptions<kThrowing>(); }

TEST_F(PreemptedWhereAsync, InADestructorDuringUnwinding) { expect_own_exceptions<kUnwinding>(); }

TEST_F(PreemptedWhereAsync, InACatchBlock) { expect_own_exceptions<kCatching>(); }

TEST_F(PreemptedWhereAsync, InsidePrintf) {
  static FILE* const shared = std::fopen("/dev/null", "w");
  static std::atomic<int> wrong = 0;
  run_until_seen(kPrinting, [](std::uint64_t seed) {
    for (int i = 0; i < 100; ++i) {
      char text[400];
      std::fill(std::begin(text), std::end(text), '?');
      int length = 0, printed = 0;
      {
        const At here(kPrinting);
        length = std::snprintf(text, sizeof(text), "%.0f %020llu", 1e300, static_cast<unsigned long long>(seed));
        printed = std::fprintf(shared, "%.50Lf %s\n", 1.0L / 3, text);
      }
      const std::string_view shown(text);
      if (length != 322 || shown.size() != 322 || printed != 322 + 54) ++wrong;
      if (std::strtoull(text + 302, nullptr, 10) != seed || shown.substr(0, 5) != "10000") ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
}

TEST_F(PreemptedWhereAsync, InsideTheDynamicLoader) {
  static std::atomic<int> failed = 0, wrong = 0;
  run_until_seen(kLoading, [](std::uint64_t seed) {
    // Who only computes makes the loading ones give way; if all loaded, they would sleep on the loader's lock instead.
    if (seed % 4 != 0) return busy_for(microseconds(500));
    for (int i = 0; i < 10; ++i) {
      using Encode = int (*)(const unsigned char*, std::size_t, char*, std::size_t);
      Encode encode = nullptr;
      void* library = nullptr;
      {
        const At here(kLoading);
        library = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
        if (library != nullptr) encode = reinterpret_cast<Encode>(dlsym(library, "__b64_ntop"));
      }
      if (encode == nullptr) {
        ++failed;
        continue;
      }
      char text[16] = {};
      encode(reinterpret_cast<const unsigned char*>("preempt"), 7, text, sizeof(text));
      if (std::string_view(text) != "cHJlZW1wdA==") ++wrong;
      const At here(kLoading);
      dlclose(library);
    }
  });
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(wrong, 0);
}

std::atomic<int> constructed = 0, destroyed = 0;

// Belongs to the thread that made it. Takes a few slices to make.
template <int number>
class OfThread {
 public:
  OfThread() : thread_(gettid()) {
    const At here(kFirstUse);
    ++constructed;
    numbers_.resize(1000);
    std::iota(numbers_.begin(), numbers_.end(), number);
    busy_for(microseconds(200));
  }
  ~OfThread() { ++destroyed; }

  bool intact() const {
    return thread_ == gettid() && numbers_.size() == 1000 && numbers_.front() == number &&
           numbers_.back() == number + 999;
  }

 private:
  pid_t thread_;
  std::vector<int> numbers_;
};

template <int number>
bool of_thread_intact() {
  thread_local OfThread<number> object;
  return object.intact();
}

template <int... numbers>
bool all_of_thread_intact(std::integer_sequence<int, numbers...>) {
  return (of_thread_intact<numbers>() && ...);
}

TEST_F(PreemptedWhereAsync, DuringTheFirstUseOfAThreadLocal) {
  static std::atomic<int> wrong = 0;
  run_until_seen(kFirstUse, [](std::uint64_t) {
    if (!all_of_thread_intact(std::make_integer_sequence<int, 16>())) ++wrong;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(constructed, 0);
  EXPECT_EQ(constructed, destroyed);
  EXPECT_EQ(constructed % 16, 0) << "each thread that used one used all sixteen, each made once";
}

}  // namespace
}  // namespace preempt
