// At most one preemption signal is pending for a worker: Go's live-lock by a flood of them (src/runtime/signal_unix.go,
// preemptM, issue 37741) cannot happen. Seen from three sides: what was sent and what was handled, the queue of a
// real-time signal, which does not merge what it gets, and the burst when a task opens its mask.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>

#include "preempt/executor.h"
#include "signal/observer.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::Hogs;
using testing::scaled;

constexpr Verdict kHandled[] = {Verdict::kCallRewound,    Verdict::kCallUnreadable,  Verdict::kInScheduler,
                                Verdict::kNoPreempt,      Verdict::kInSignalHandler, Verdict::kForeignStack,
                                Verdict::kNotSafe,        Verdict::kTryAgain,        Verdict::kNotDue,
                                Verdict::kNothingWaiting, Verdict::kNoSpare,         Verdict::kFiberSwitch,
                                Verdict::kThreadSwitch,   Verdict::kWithoutProcessor};

std::uint64_t handled(const Stats& stats) {
  std::uint64_t result = stats.verdict(Verdict::kNotAsked);  // one that came too late
  for (const Verdict verdict : kHandled) result += stats.verdict(verdict);
  return result;
}

// Beside hogs on one processor: many short tasks, and some that sleep and compute.
void work_for_a_while(Executor& executor) {
  const Hogs hogs(executor, 4);
  for (int i = 0; i < scaled(300); ++i) {
    executor.execute([] { testing::busy_for(microseconds(150)); });
    executor.execute([] { testing::busy_for(microseconds(20)); }, {.priority = Priority::kHigh});
    if (i % 10 == 0) {
      executor.execute([] {
        std::this_thread::sleep_for(milliseconds(1));
        testing::busy_for(milliseconds(1));
      });
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
}

TEST(OneRequestPendingAsync, NotMoreHandledThanSentNorManyLost) {
  for (const int signal : {SIGURG, SIGRTMIN + 3}) {
    Executor executor({.processors = 2, .time_slice = microseconds(100), .signal = signal});
    work_for_a_while(executor);
    executor.drain();
    const Stats stats = executor.stats();
    EXPECT_GT(stats.signals_sent, 20u);
    EXPECT_LE(handled(stats), stats.signals_sent);
    // One may be under way to each worker; what expired may have been merged with its successor.
    EXPECT_LE(stats.signals_sent, handled(stats) + stats.verdict(Verdict::kUnanswered) + stats.workers_peak);
  }
}

// What the thread under test got: as a request, or as a signal that the executor takes for somebody else's.
std::atomic<pid_t> watched = 0;
std::atomic<int> requests = 0;
std::atomic<int> forwarded = 0;

// A task closes its mask for 100 slices and opens it again; a real-time signal has queued up what was sent meanwhile.
// A request that is not answered expires after a slice.
TEST(OneRequestPendingAsync, BurstAfterAMaskIsBounded) {
  const int signal = SIGRTMIN + 3;
  struct sigaction action = {};
  action.sa_handler = [](int) { ++forwarded; };
  sigaction(signal, &action, nullptr);
  signal::set_observer([](const ucontext_t&, Verdict) { requests += gettid() == watched; });
  constexpr microseconds kSlice(200);
  std::int64_t most_in_a_burst = 0;
  int bursts_over_one_a_slice = 0;
  Executor executor({.processors = 1, .time_slice = kSlice, .signal = signal});
  {
    const Hogs hogs(executor, 2);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    for (int round = 0; round < scaled(20); ++round) {
      executor
          .submit([&] {
            pthread_sigmask(SIG_BLOCK, &set, nullptr);
            watched = gettid();
            requests = 0;
            const auto start = std::chrono::steady_clock::now();
            testing::busy_for(milliseconds(20));
            const std::int64_t slices = (std::chrono::steady_clock::now() - start) / kSlice;
            // All that wait are handled before this call returns.
            pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
            most_in_a_burst = std::max<std::int64_t>(most_in_a_burst, requests);
            bursts_over_one_a_slice += requests > slices + 2;
            watched = 0;
          })
          .get();
    }
  }
  executor.drain();
  signal::set_observer(nullptr);
  std::printf("%lld requests in a burst at the most\n", static_cast<long long>(most_in_a_burst));
  EXPECT_GT(most_in_a_burst, 0);
  EXPECT_EQ(bursts_over_one_a_slice, 0);
  EXPECT_EQ(forwarded, 0) << "the application got the executor's own signals";
}

}  // namespace
}  // namespace preempt
