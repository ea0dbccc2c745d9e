// Calls that are continued in the handler: they end when they would have ended without the signal.
#include "signal/continued_call.h"

#include <gtest/gtest.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <functional>
#include <ostream>
#include <thread>

#include "fiber/gate.h"
#include "signal/interrupted_call.h"
#include "support/handle_by.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt::signal {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kTime(200);
constexpr timespec kTimeout = {.tv_sec = 0, .tv_nsec = 200'000'000};

fiber::Gate gate;
std::atomic<int> continued, restarted;

void continue_or_restart(int signal, siginfo_t*, void* raw_context) {
  const int saved_errno = errno;
  gate.signals.fetch_add(1, std::memory_order_relaxed);
  auto& context = *static_cast<ucontext_t*>(raw_context);
  if (interrupted_call(context) == InterruptedCall::kContinuable) {
    if (continue_call(context, gate, signal)) {
      ++continued;
    } else {
      ++restarted;
      rewind(context);
    }
  }
  errno = saved_errno;
}

void do_nothing(int, siginfo_t*, void*) {}

// Minus the error.
long with_error(long result) { return result == -1 ? -errno : result; }

// futex(2) by a call site that can be read; syscall(2) cannot.
long futex_wait(const std::uint32_t& word, const timespec& timeout) {
  long result;
  register const timespec* time asm("r10") = &timeout;
  asm volatile(
      "movl %[number], %%eax\n\t"
      "syscall"
      : "=a"(result)
      : [number] "i"(SYS_futex), "D"(&word), "S"(FUTEX_WAIT_PRIVATE), "d"(0), "r"(time)
      : "rcx", "r11", "memory");
  return result;
}

struct Call {
  const char* name;
  long (*call)();
  long outcome;  // when the time is over
};
void PrintTo(const Call& call, std::ostream* out) { *out << call.name; }

const Call kCalls[] = {
    {"poll", [] { return with_error(poll(nullptr, 0, static_cast<int>(kTime.count()))); }, 0},
    {"nanosleep", [] { return with_error(nanosleep(&kTimeout, nullptr)); }, 0},
    {"clock_nanosleep", [] { return static_cast<long>(-clock_nanosleep(CLOCK_MONOTONIC, 0, &kTimeout, nullptr)); }, 0},
    {"futex",
     [] {
       static const std::uint32_t word = 0;
       return futex_wait(word, kTimeout);
     },
     -ETIMEDOUT},
};

class ContinuedCallAsync : public ::testing::TestWithParam<Call> {
 protected:
  void SetUp() override {
    continued = restarted = 0;
    handle_by(continue_or_restart, SIGUSR1);
    handle_by(do_nothing, SIGUSR2);
  }

  // The call in a thread of its own, with signals at these times after its start.
  void call_with_signals(std::initializer_list<std::pair<milliseconds, int>> signals) {
    std::atomic<pid_t> thread = 0;
    std::thread caller([&] {
      const nanoseconds start = testing::cpu_time(CLOCK_MONOTONIC);
      thread = gettid();
      outcome = GetParam().call();
      took = testing::cpu_time(CLOCK_MONOTONIC) - start;
    });
    ASSERT_TRUE(testing::eventually([&] { return thread != 0; }));
    const auto start = std::chrono::steady_clock::now();
    for (const auto& [when, signal] : signals) {
      std::this_thread::sleep_until(start + when);
      testing::send_to_thread(thread, signal);
    }
    caller.join();
  }

  long outcome = 1;
  nanoseconds took = {};
};

TEST_P(ContinuedCallAsync, TakesItsTimeAndNoLonger) {
  call_with_signals({{milliseconds(100), SIGUSR1}});
  EXPECT_EQ(outcome, GetParam().outcome);
  EXPECT_EQ(continued, 1);
  EXPECT_GE(took, kTime);
  std::printf("%.1f ms\n", static_cast<double>(took.count()) / 1e6);
  // Started again it would take 300 ms. A machine that is that slow says nothing.
  if (took >= milliseconds(290)) GTEST_SKIP() << "the machine is busy";
}

TEST_P(ContinuedCallAsync, ProgramsOwnSignalGivesEintr) {
  call_with_signals({{milliseconds(60), SIGUSR1}, {milliseconds(120), SIGUSR2}});
  EXPECT_EQ(outcome, -EINTR);
  EXPECT_EQ(continued, 1);
}

TEST_P(ContinuedCallAsync, AfterASecondSignalOfOursItStartsAgain) {
  call_with_signals({{milliseconds(60), SIGUSR1}, {milliseconds(120), SIGUSR1}});
  EXPECT_EQ(outcome, GetParam().outcome);
  EXPECT_EQ(restarted, 1);
  EXPECT_GE(took, kTime);
}

INSTANTIATE_TEST_SUITE_P(Calls, ContinuedCallAsync, ::testing::ValuesIn(kCalls),
                         [](const auto& call) { return call.param.name; });

// What the kernel remembers of another call is not taken for this one's: there is nothing after any handler's return.
TEST(RestartBlock, IsEmptyAfterAHandler) {
  handle_by(do_nothing, SIGUSR2);
  testing::send_to_thread(gettid(), SIGUSR2);
  ucontext_t context = {};
  context.uc_mcontext.gregs[REG_RAX] = -EINTR;
  EXPECT_TRUE(continue_call(context, gate, SIGUSR1));
  EXPECT_EQ(context.uc_mcontext.gregs[REG_RAX], -EINTR);
}

}  // namespace
}  // namespace preempt::signal
