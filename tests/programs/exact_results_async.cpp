// Ordinary library code gives the same results when it is preempted every 100 us as when it runs alone.
//
// Each piece of work is a function of a seed alone. The serial run says what it must return; then the same pieces run
// as tasks, more of them than there are processors, until enough preemptions happened.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "preempt/executor.h"
#include "support/scale.h"
#include "support/seed.h"
#include "support/wait.h"

namespace preempt {
namespace {

using testing::Random;
using testing::scaled;

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const unsigned char byte : text) hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

// malloc, realloc and free of many sizes; a block that two tasks own shows as a wrong byte.
std::uint64_t allocate(std::uint64_t seed) {
  struct Block {
    unsigned char* bytes = nullptr;
    std::size_t size = 0;
    unsigned char mark = 0;
  };
  Random random(seed);
  std::array<Block, 64> blocks;
  std::uint64_t intact = 0;
  const auto discard = [&intact](Block& block) {
    for (std::size_t i = 0; i < block.size; ++i) intact += block.bytes[i] == block.mark ? 1 : 0;
    std::free(block.bytes);
    block = {};
  };
  for (int i = 0; i < 3000; ++i) {
    Block& block = blocks[random.below(blocks.size())];
    discard(block);
    block.size = 1 + random.below(random.one_in(50) ? 20000 : 300);
    block.mark = static_cast<unsigned char>(random.next());
    block.bytes = static_cast<unsigned char*>(std::malloc(block.size / 2 + 1));
    block.bytes = static_cast<unsigned char*>(std::realloc(block.bytes, block.size));
    std::memset(block.bytes, block.mark, block.size);
  }
  for (Block& block : blocks) discard(block);
  return intact;
}

class Guard {
 public:
  explicit Guard(std::uint64_t& ended) : ended_(ended) {}
  ~Guard() { ended_ += static_cast<std::uint64_t>(1 + std::uncaught_exceptions()); }

 private:
  std::uint64_t& ended_;
};

[[gnu::noinline]] std::uint64_t throw_from(int depth, std::uint64_t value, std::uint64_t& ended) {
  const Guard guard(ended);
  if (depth == 0) throw std::runtime_error("value " + std::to_string(value));
  return throw_from(depth - 1, value, ended) + 1;
}

std::uint64_t throw_through_30_frames(std::uint64_t seed) {
  std::uint64_t result = 0;
  for (std::uint64_t i = 0; i < 25; ++i) {
    try {
      result += throw_from(30, seed + i, result);
    } catch (const std::exception& error) {
      result = result * 31 + hash_of(error.what());
      try {
        throw;
      } catch (const std::runtime_error& same) {
        result += &same == &error ? 1 : 0;
      }
    }
  }
  return result;
}

std::uint64_t use_streams(std::uint64_t seed) {
  Random random(seed);
  std::stringstream stream;
  for (int i = 0; i < 300; ++i) {
    stream << random.below(100000) << ' ' << std::sqrt(static_cast<double>(random.below(1000))) << ' ' << std::hex
           << random.below(4096) << std::dec << '\n';
  }
  std::uint64_t result = hash_of(stream.str());
  std::string word;
  while (stream >> word) result = result * 31 + word.size();
  return result;
}

// snprintf, a FILE of the task's own, and one that all tasks share and lock.
std::uint64_t use_stdio(std::uint64_t seed) {
  static FILE* const shared = std::fopen("/dev/null", "w");
  Random random(seed);
  char* text = nullptr;
  std::size_t size = 0;
  FILE* const file = open_memstream(&text, &size);
  std::uint64_t result = 0;
  for (int i = 0; i < 200; ++i) {
    char line[128];
    const int length =
        std::snprintf(line, sizeof(line), "%llu %.17g %s|%5d", static_cast<unsigned long long>(random.next()),
                      std::ldexp(1.0, static_cast<int>(random.below(60))) / 3, "text", i);
    result = result * 31 + hash_of({line, static_cast<std::size_t>(length)});
    result += static_cast<std::uint64_t>(std::fprintf(file, "%s\n", line));
    result += static_cast<std::uint64_t>(std::fprintf(shared, "%s\n", line));
  }
  std::fclose(file);
  result ^= hash_of({text, size});
  std::free(text);
  return result;
}

std::uint64_t use_regex(std::uint64_t seed) {
  Random random(seed);
  std::string text;
  for (int i = 0; i < 40; ++i) {
    text += "user" + std::to_string(random.below(1000)) + "@host" + std::to_string(random.below(10)) + ".example; ";
  }
  const std::regex address("([a-z]+[0-9]+)@(host[0-4])\\.(\\w+)");
  std::uint64_t result = 0;
  for (auto match = std::sregex_iterator(text.begin(), text.end(), address); match != std::sregex_iterator(); ++match) {
    result = result * 31 + hash_of((*match)[1].str()) + static_cast<std::uint64_t>(match->position(2));
  }
  return result + std::regex_replace(text, address, "$2").size();
}

std::uint64_t use_thread_local_scratch(std::uint64_t seed) {
  thread_local std::array<std::uint64_t, 512> scratch;
  thread_local std::string text;
  Random fill(seed);
  for (std::uint64_t& word : scratch) word = fill.next();
  text.clear();
  std::uint64_t result = 0;
  for (int round = 0; round < 100; ++round) {
    Random expected(seed);
    for (const std::uint64_t word : scratch) result += word == expected.next() ? 1 : 0;
    text += static_cast<char>('a' + (seed + static_cast<std::uint64_t>(round)) % 26);
  }
  return result + hash_of(text);
}

// The calls that set it, and values that must survive code that does not.
std::uint64_t use_errno(std::uint64_t seed) {
  std::uint64_t result = 0;
  for (int i = 0; i < 600; ++i) {
    errno = 0;
    result += std::strtoul("99999999999999999999999", nullptr, 10) & 1;
    result = result * 31 + static_cast<std::uint64_t>(errno);
    result += close(-1) == -1 ? static_cast<std::uint64_t>(errno) : 0;
    const int mine = 1000 + static_cast<int>((seed + static_cast<std::uint64_t>(i)) % 1000);
    errno = mine;
    for (int turn = 0; turn < 300; ++turn) asm volatile("" ::: "memory");
    result += errno == mine ? 1 : 0;
  }
  return result;
}

std::uint64_t use_mutex(std::uint64_t seed) {
  static std::mutex mutex;
  static std::uint64_t first = 0, second = 0;
  std::uint64_t alone = 0;
  for (std::uint64_t i = 0; i < 60; ++i) {
    const std::lock_guard lock(mutex);
    const std::uint64_t before = first;
    first += seed + i;
    testing::spin_a_little();
    second += seed + i;
    alone += first == before + seed + i && second == first ? 1 : 0;
  }
  return alone;
}

std::uint64_t use_floating_point(std::uint64_t seed) {
  double sum = 0;
  long double product = 1;
  for (int i = 1; i < 4000; ++i) {
    const double x = static_cast<double>(seed % 1000) + i;
    sum += std::sin(x) * std::exp(-1 / x);
    product *= 1 + std::sqrt(static_cast<long double>(x)) * 1e-9L;
  }
  std::uint64_t bits = 0;
  sum += static_cast<double>(product);
  std::memcpy(&bits, &sum, sizeof(bits));
  return bits;
}

struct Work {
  const char* name;
  std::uint64_t (*run)(std::uint64_t seed);
};

constexpr Work kWorks[] = {
    {"allocate", allocate},
    {"throw", throw_through_30_frames},
    {"streams", use_streams},
    {"stdio", use_stdio},
    {"regex", use_regex},
    {"thread_local", use_thread_local_scratch},
    {"errno", use_errno},
    {"mutex", use_mutex},
    {"floating_point", use_floating_point},
};
constexpr std::size_t kWorkCount = std::size(kWorks);

struct Piece {
  std::size_t work = 0;
  std::uint64_t seed = 0;
  std::uint64_t expected = 0;
};

std::vector<Piece> run_serially() {
  std::vector<Piece> pieces(4 * kWorkCount);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = {.work = i % kWorkCount, .seed = 1 + i * 7919};
    pieces[i].expected = kWorks[pieces[i].work].run(pieces[i].seed);
  }
  return pieces;
}

struct Damage {
  std::array<std::atomic<int>, kWorkCount> wrong_result = {};
  std::atomic<int> thread_changed = 0, thread_local_changed = 0, errno_changed = 0;
};

// What says that no other task was on the thread in between: its own mark, the thread's id and errno.
void run_piece(const Piece& piece, std::uint64_t mark, Damage& damage) {
  thread_local std::uint64_t marked = 0;
  marked = mark;
  const pid_t thread = gettid();
  if (kWorks[piece.work].run(piece.seed) != piece.expected) ++damage.wrong_result[piece.work];
  errno = static_cast<int>(mark % 5000);
  testing::spin_a_little();
  if (errno != static_cast<int>(mark % 5000)) ++damage.errno_changed;
  if (marked != mark) ++damage.thread_local_changed;
  if (gettid() != thread) ++damage.thread_changed;
}

TEST(ExactResultsAsync, AreThoseOfTheSerialRun) {
  const std::vector<Piece> pieces = run_serially();
  const auto wanted = static_cast<std::uint64_t>(scaled(5000));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(50);
  Damage damage;
  std::uint64_t preemptions = 0;
  {
    Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100), .slice_growth = 1});
    std::uint64_t mark = 0;
    while (preemptions < wanted && std::chrono::steady_clock::now() < end) {
      for (const Piece& piece : pieces) {
        ++mark;
        // Without a checkpoint or marked code a migratable task keeps its thread too.
        executor.execute([&piece, &damage, mark] { run_piece(piece, mark, damage); }, {.migratable = mark % 5 == 0});
      }
      executor.drain();
      const Stats stats = executor.stats();
      preemptions = stats.thread_preemptions + stats.fiber_preemptions;
    }
    EXPECT_EQ(executor.stats().tasks_completed, mark);
  }
  EXPECT_GE(preemptions, wanted) << "the test did not reach what it is about";
  for (std::size_t i = 0; i < kWorkCount; ++i) EXPECT_EQ(damage.wrong_result[i], 0) << kWorks[i].name;
  EXPECT_EQ(damage.thread_changed, 0);
  EXPECT_EQ(damage.thread_local_changed, 0);
  EXPECT_EQ(damage.errno_changed, 0);
}

}  // namespace
}  // namespace preempt
