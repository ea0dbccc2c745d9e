// Timeouts under fire: beside hogs, at a 100 us slice, a call with a timeout of 10 ms does not fail with EINTR and does
// not come back early. How late it comes is printed; asserted is only that the timeout was not begun again and again.
#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <vector>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"
#include "support/seed.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::cpu_time;

constexpr milliseconds kTimeout(10);
constexpr timespec kTimespec = {.tv_sec = 0, .tv_nsec = 10'000'000};

enum class Ended { kByTimeout, kByEintr, kOtherwise };

Ended ended(long result, int error, int error_of_timeout) {
  if (result == -1 && error == EINTR) return Ended::kByEintr;
  const bool is_timeout = error_of_timeout == 0 ? result == 0 : result == -1 && error == error_of_timeout;
  return is_timeout ? Ended::kByTimeout : Ended::kOtherwise;
}

Ended call_poll() { return ended(poll(nullptr, 0, static_cast<int>(kTimeout.count())), errno, 0); }
Ended call_nanosleep() { return ended(nanosleep(&kTimespec, nullptr), errno, 0); }

Ended call_select() {
  timeval timeout = {0, 10'000};
  return ended(select(0, nullptr, nullptr, nullptr, &timeout), errno, 0);
}

Ended call_epoll_wait() {
  static const int epoll = epoll_create1(0);
  epoll_event event = {};
  return ended(epoll_wait(epoll, &event, 1, static_cast<int>(kTimeout.count())), errno, 0);
}

Ended call_sem_timedwait() {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const nanoseconds end = cpu_time(CLOCK_REALTIME) + kTimeout;
  const timespec deadline = {end.count() / 1'000'000'000, end.count() % 1'000'000'000};
  const int result = sem_timedwait(&semaphore, &deadline);
  const int error = errno;
  sem_destroy(&semaphore);
  return ended(result, error, ETIMEDOUT);
}

// With a relative time, by a call site that can be read.
Ended call_futex() {
  static const std::uint32_t word = 0;
  long result;
  register const timespec* time asm("r10") = &kTimespec;
  asm volatile(
      "movl %[number], %%eax\n\t"
      "syscall"
      : "=a"(result)
      : [number] "i"(SYS_futex), "D"(&word), "S"(FUTEX_WAIT_PRIVATE), "d"(0), "r"(time)
      : "rcx", "r11", "memory");
  return result == -ETIMEDOUT ? Ended::kByTimeout : result == -EINTR ? Ended::kByEintr : Ended::kOtherwise;
}

struct Kind {
  const char* name;
  Ended (*call)();
  std::vector<nanoseconds> took = {};
  std::atomic<int> calls = 0;
  int interrupted = 0;
  int wrong = 0;
};

// Computes for about a slice before each call, so that a request arrives when it has just gone to sleep.
void compute_and_call(Kind& kind, const std::atomic<bool>& stop, std::uint64_t seed) {
  testing::Random random(seed);
  while (!stop) {
    testing::busy_for(microseconds(random.below(200)));
    const nanoseconds start = cpu_time(CLOCK_MONOTONIC);
    const Ended how = kind.call();
    kind.took.push_back(cpu_time(CLOCK_MONOTONIC) - start);
    kind.interrupted += how == Ended::kByEintr ? 1 : 0;
    kind.wrong += how == Ended::kOtherwise ? 1 : 0;
    ++kind.calls;
  }
}

double milliseconds_of(nanoseconds time) { return static_cast<double>(time.count()) / 1e6; }

void check(Kind& kind) {
  std::sort(kind.took.begin(), kind.took.end());
  const nanoseconds median = kind.took[kind.took.size() / 2], longest = kind.took.back();
  std::printf("%-14s %6zu calls, median %.2f ms, longest %.2f ms\n", kind.name, kind.took.size(),
              milliseconds_of(median), milliseconds_of(longest));
  EXPECT_EQ(kind.interrupted, 0) << kind.name;
  EXPECT_EQ(kind.wrong, 0) << kind.name;
  EXPECT_GE(kind.took.front(), kTimeout) << kind.name;
  EXPECT_LT(longest, 100 * kTimeout) << kind.name;
}

class TimeoutsAsync : public ::testing::TestWithParam<int> {};

TEST_P(TimeoutsAsync, AreKept) {
  Kind kinds[] = {{"poll", call_poll},     {"nanosleep", call_nanosleep},
                  {"futex", call_futex},   {"sem_timedwait", call_sem_timedwait},
                  {"select", call_select}, {"epoll_wait", call_epoll_wait}};
  std::atomic<bool> stop = false;
  const std::uint64_t seed = testing::choose_seed();
  Executor executor({.processors = GetParam(), .time_slice = microseconds(100)});
  {
    testing::Hogs hogs(executor, 4);
    std::uint64_t task = 0;
    for (Kind& kind : kinds) {
      executor.execute([&, own_seed = seed + task++] { compute_and_call(kind, stop, own_seed); });
    }
    std::this_thread::sleep_for(milliseconds(testing::scaled(5000)));
    EXPECT_TRUE(testing::eventually([&] {
      return std::all_of(std::begin(kinds), std::end(kinds), [](const Kind& kind) { return kind.calls >= 5; });
    }));
    stop = true;
  }
  executor.drain();
  for (Kind& kind : kinds) check(kind);
  const Stats stats = executor.stats();
  std::printf("%llu signals, %llu calls went on\n", static_cast<unsigned long long>(stats.signals_sent),
              static_cast<unsigned long long>(stats.verdict(Verdict::kCallRewound)));
  EXPECT_EQ(stats.verdict(Verdict::kCallUnreadable), 0u);
}

INSTANTIATE_TEST_SUITE_P(Processors, TimeoutsAsync, ::testing::Values(1, 2));

}  // namespace
}  // namespace preempt
