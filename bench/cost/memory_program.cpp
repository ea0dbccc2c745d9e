// Makes many of one thing, in a process of its own, and says what each of them took.
//
//   cost_memory_program THING CONTENDER COUNT
//
// Prints: resident bytes of each, bytes of page tables of each, seconds to make them all, seconds to end them all,
// stacks without a guard page.
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <fstream>
#include <latch>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "preempt/sync/latch.h"
#include "support/countdown.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Kibibytes after `name` in /proc/self/status, in bytes.
double status_bytes(std::string_view name) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, name.size(), name) == 0) return 1024 * std::atof(line.c_str() + name.size());
  }
  return 0;
}

struct Footprint {
  double resident = status_bytes("VmRSS:");
  double page_tables = status_bytes("VmPTE:");
};

// Prints its line when `end` has been called: what was made is measured before.
class Account {
 public:
  explicit Account(int count) : count_(count) {}

  void made() {
    made_at_ = Clock::now();
    const Footprint now;
    std::printf("%f %f %f ", (now.resident - before_.resident) / count_,
                (now.page_tables - before_.page_tables) / count_, seconds(start_, made_at_));
    ending_at_ = Clock::now();
  }

  void ended(std::uint64_t unguarded = 0) {
    std::printf("%f %llu\n", seconds(ending_at_, Clock::now()), static_cast<unsigned long long>(unguarded));
  }

 private:
  static double seconds(Clock::time_point from, Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
  }

  const int count_;
  const Footprint before_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point made_at_, ending_at_;
};

// 48 bytes of it.
struct Callable {
  Countdown* left;
  std::array<std::uint64_t, 5> payload = {};
  void operator()() const { left->count_down(); }
};
static_assert(sizeof(Callable) == 48);

// Behind one that keeps the only worker.
template <class Pool, class Argument>
void queued_tasks(int count, Argument argument) {
  static Countdown& left = *new Countdown;  // the last task may still touch it at the end
  left.reset(count);
  Pool pool(argument);
  std::latch begun(1), held(1);
  pool.post([&] {
    begun.count_down();
    held.wait();
  });
  begun.wait();
  Account account(count);
  for (int i = 0; i < count; ++i) pool.post(Callable{&left});
  account.made();
  held.count_down();
  left.wait();
  account.ended();
}

// Each waits for one latch, and holds no thread meanwhile.
void suspended_fibers(int count) {
  Executor executor({.processors = 1, .migratable = true});
  executor.execute([] {});
  executor.drain();
  Latch held(1);
  Account account(count);
  for (int i = 0; i < count; ++i) executor.execute([&held] { held.wait(); });
  // With one processor and tasks that wait before their slice is over, this one runs when all of them wait.
  executor.submit([] {}).get();
  account.made();
  const std::uint64_t unguarded = executor.stats().stacks_unguarded;
  held.count_down();
  executor.drain();
  account.ended(unguarded);
}

void blocked_threads(int count) {
  std::latch begun(count), held(1);
  std::vector<std::thread> threads;
  threads.reserve(static_cast<std::size_t>(count));
  Account account(count);
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] {
      begun.count_down();
      held.wait();
    });
  }
  begun.wait();
  account.made();
  held.count_down();
  for (std::thread& thread : threads) thread.join();
  account.ended();
}

// Pools of so many threads, all of which have run a task and have none.
template <class Pool, class Argument>
void parked_workers(int count, Argument argument) {
  static Countdown& begun = *new Countdown;
  begun.reset(count);
  Account account(count);
  {
    Pool pool(argument);
    for (int i = 0; i < count; ++i) {
      pool.post([] {
        begun.count_down();
        begun.wait();
      });
    }
    begun.wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    account.made();
  }
  account.ended();
}

bool run(std::string_view thing, std::string_view contender, int count) {
  const Options one_worker{.processors = 1, .max_threads = 1};
  if (thing == "queued" && contender == "preempt") {
    queued_tasks<PreemptPool>(count, one_worker);
  } else if (thing == "queued" && contender == "mutex_pool") {
    queued_tasks<MutexPool>(count, 1);
  } else if (thing == "queued" && contender == "tbb") {
    queued_tasks<TbbPool>(count, 1);
#if PREEMPT_BENCH_HAS_ASIO
  } else if (thing == "queued" && contender == "asio") {
    queued_tasks<AsioPool>(count, 1);
#endif
  } else if (thing == "waiting" && contender == "preempt") {
    suspended_fibers(count);
  } else if (thing == "waiting" && contender == "threads") {
    blocked_threads(count);
  } else if (thing == "parked" && contender == "preempt") {
    parked_workers<PreemptPool>(count, Options{.processors = count, .max_threads = count});
  } else if (thing == "parked" && contender == "mutex_pool") {
    parked_workers<MutexPool>(count, count);
  } else {
    return false;
  }
  return true;
}

}  // namespace
}  // namespace preempt::bench

int main(int argc, char** argv) {
  const int count = argc == 4 ? std::atoi(argv[3]) : 0;
  try {
    if (count > 0 && preempt::bench::run(argv[1], argv[2], count)) return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "cost_memory_program: %s\n", error.what());
    return 1;
  }
  std::fputs("usage: cost_memory_program queued|waiting|parked preempt|mutex_pool|tbb|asio|threads COUNT\n", stderr);
  return 2;
}
