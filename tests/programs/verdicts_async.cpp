// Each verdict of preempt/stats.h is reached. Where only a race reaches it, the case repeats the race until it is won.
#include <gtest/gtest.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/hogs.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using testing::busy_for;
using testing::eventually;
using testing::Hogs;

Options short_slices(int processors = 1) { return {.processors = processors, .time_slice = microseconds(100)}; }

// Does `step` again and again in one task beside hogs, on one processor, until the verdict was given.
bool reached_by_a_task(Executor& executor, Verdict verdict, const std::function<void()>& step,
                       TaskOptions options = {}) {
  Hogs hogs(executor, 2);
  std::atomic<bool> stop = false;
  auto task = executor.submit(
      [&] {
        while (!stop) step();
      },
      options);
  const bool reached = eventually([&] { return executor.stats().verdict(verdict) > 0; });
  stop = true;
  hogs.stop();
  task.get();
  return reached;
}

bool reached_by_a_task(Verdict verdict, const std::function<void()>& step, TaskOptions options = {}) {
  Executor executor(short_slices());
  return reached_by_a_task(executor, verdict, step, options);
}

sigset_t only(int signal) {
  sigset_t result;
  sigemptyset(&result);
  sigaddset(&result, signal);
  return result;
}

bool is_pending_here(int signal) {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, signal) != 0;
}

void block_urgent() {
  const sigset_t urgent = only(SIGURG);
  pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
}

// By an instruction of our own: a signal that waits is taken right behind it, and there in libc it would be kTryAgain.
void unblock_urgent() {
  const sigset_t urgent = only(SIGURG);
  long result = SYS_rt_sigprocmask;
  asm volatile(
      "movl $8, %%r10d\n\t"
      "syscall"
      : "+a"(result)
      : "D"(SIG_UNBLOCK), "S"(&urgent), "d"(nullptr)
      : "rcx", "r10", "r11", "memory");
}

// While one lives, the thread takes no SIGURG.
class UrgentBlocked {
 public:
  UrgentBlocked() { block_urgent(); }
  ~UrgentBlocked() { unblock_urgent(); }
  UrgentBlocked(const UrgentBlocked&) = delete;
  UrgentBlocked& operator=(const UrgentBlocked&) = delete;
};

// Computes, with the signal blocked, until one waits.
void compute_until_asked() {
  for (int i = 0; i < 1000 && !is_pending_here(SIGURG); ++i) busy_for(microseconds(50));
}

// --- The sender's.

TEST(VerdictsAsync, Asleep) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kAsleep, [] { usleep(2000); }));
}

// A process that holds one thread of ours in ptrace-stop for a while, as a debugger does.
int hold_by_ptrace(pid_t thread) {
  const pid_t tracer = fork();
  if (tracer == 0) {
    int status = 0;
    if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) _exit(1);
    ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
    waitpid(thread, &status, __WALL);
    usleep(50'000);
    ptrace(PTRACE_DETACH, thread, nullptr, nullptr);
    _exit(0);
  }
  int status = 0;
  waitpid(tracer, &status, 0);
  return WEXITSTATUS(status);
}

TEST(VerdictsAsync, Traced) {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  std::atomic<pid_t> thread = 0;
  std::atomic<bool> stop = false;
  Executor executor(short_slices());
  const Hogs hogs(executor, 2);
  auto task = executor.submit([&] {
    thread = gettid();
    while (!stop) testing::spin_a_little();
  });
  EXPECT_TRUE(eventually([&] { return thread != 0; }));
  bool permitted = true;
  // Its thread runs, or stops as soon as it gets the processor.
  const bool reached = eventually([&] {
    permitted = hold_by_ptrace(thread) == 0;
    return !permitted || executor.stats().verdict(Verdict::kTraced) > 0;
  });
  stop = true;
  task.get();
  if (!permitted) GTEST_SKIP() << "ptrace is not permitted here";
  EXPECT_TRUE(reached);
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 20));
}

// A task that lost its processor in its sleep and computes again is asked at each look, but takes no signal.
TEST(VerdictsAsync, RequestPending) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kRequestPending, [] {
    const UrgentBlocked blocked;
    usleep(3000);
    busy_for(milliseconds(5));
  }));
}

// --- The handler's, nothing done.

TEST(VerdictsAsync, NotAsked) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kNotAsked, [] { raise(SIGURG); }));
}

// The request waits until ppoll opens the mask, and so interrupts it for certain.
TEST(VerdictsAsync, CallRewound) {
  std::atomic<int> cut_short = 0;
  EXPECT_TRUE(reached_by_a_task(Verdict::kCallRewound, [&] {
    const UrgentBlocked blocked;
    compute_until_asked();
    const timespec timeout = {0, 1'000'000};
    sigset_t none;
    sigemptyset(&none);
    cut_short += ppoll(nullptr, 0, &timeout, &none) != 0;
  }));
  EXPECT_EQ(cut_short, 0);
}

// The same by the function syscall(), which takes the number from a register.
TEST(VerdictsAsync, CallUnreadable) {
  std::atomic<int> interrupted = 0;
  EXPECT_TRUE(reached_by_a_task(Verdict::kCallUnreadable, [&] {
    const UrgentBlocked blocked;
    compute_until_asked();
    timespec timeout = {0, 1'000'000};
    const std::uint64_t none = 0;
    interrupted += syscall(SYS_ppoll, nullptr, 0, &timeout, &none, sizeof none) == -1 && errno == EINTR;
  }));
  EXPECT_GT(interrupted, 0);
}

// As above, again and again at one place for 5,000 slices: after the first times most requests send no signal. Else
// it would be about every twelfth slice.
TEST(VerdictsAsync, CallThatIsHitAgainAndAgainIsSpared) {
  Executor executor(short_slices());
  Hogs hogs(executor, 2);
  executor
      .submit([&] {
        const auto end = std::chrono::steady_clock::now() + milliseconds(500);
        while (std::chrono::steady_clock::now() < end) {
          const UrgentBlocked blocked;
          compute_until_asked();
          timespec timeout = {0, 500'000};
          const std::uint64_t none = 0;
          syscall(SYS_ppoll, nullptr, 0, &timeout, &none, sizeof none);
        }
      })
      .get();
  hogs.stop();
  const std::uint64_t cut_short = executor.stats().verdict(Verdict::kCallUnreadable);
  std::printf("cut short %llu times\n", static_cast<unsigned long long>(cut_short));
  EXPECT_LT(cut_short, 5000 / 25u);
}

// Tasks that end when their slice does, so that the request often finds the worker on its way to the next.
TEST(VerdictsAsync, InScheduler) {
  Executor executor(short_slices());
  EXPECT_TRUE(eventually([&] {
    for (int i = 0; i < 100; ++i) executor.execute([time = microseconds(90 + i)] { busy_for(time); });
    executor.drain();
    return executor.stats().verdict(Verdict::kInScheduler) > 0;
  }));
}

TEST(VerdictsAsync, NoPreempt) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kNoPreempt, [] {
    const preempt::NoPreempt no_preempt;
    busy_for(milliseconds(1));
  }));
}

TEST(VerdictsAsync, InSignalHandler) {
  struct sigaction action = {};
  action.sa_handler = [](int) { busy_for(milliseconds(1)); };
  action.sa_flags = SA_ONSTACK;
  sigaction(SIGUSR1, &action, nullptr);
  EXPECT_TRUE(reached_by_a_task(Verdict::kInSignalHandler, [] { raise(SIGUSR1); }));
  signal(SIGUSR1, SIG_DFL);
}

TEST(VerdictsAsync, ForeignStack) {
  constexpr std::size_t kSize = 256 << 10;
  void* const memory = mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  EXPECT_TRUE(reached_by_a_task(Verdict::kForeignStack, [memory] {
    stack_t own = {}, former = {};
    own.ss_sp = memory;
    own.ss_size = kSize;
    sigaltstack(&own, &former);
    busy_for(milliseconds(1));
    sigaltstack(&former, nullptr);
  }));
  munmap(memory, kSize);
}

TEST(VerdictsAsync, NotSafe) {
  Options options = short_slices();
  options.preemption = Preemption::kSignalSafe;
  Executor executor(options);
  const auto compute_and_yield = [] {
    busy_for(milliseconds(1));
    yield();
  };
  // The first of the hogs never yields; it is asked in vain as well.
  EXPECT_TRUE(reached_by_a_task(executor, Verdict::kNotSafe, compute_and_yield, {.migratable = true}));
}

TEST(VerdictsAsync, TryAgain) {
  // memset is libc's own code, and busy for some slices here.
  static char* const block = static_cast<char*>(std::calloc(16 << 20, 1));
  void* (*volatile set)(void*, int, std::size_t) = std::memset;
  EXPECT_TRUE(reached_by_a_task(Verdict::kTryAgain, [set] { set(block, 1, 16 << 20); }));
}

// A request that was for one task waits while the signal is blocked, and arrives in the next on the same thread.
TEST(VerdictsAsync, NotDue) {
#ifdef PREEMPT_EAGER
  GTEST_SKIP() << "every moment is due in an eager build";
#endif
  Executor executor(short_slices());
  EXPECT_TRUE(eventually([&] {
    executor.execute([&] {
      executor.execute(unblock_urgent);
      executor.execute([] {});
      block_urgent();
      compute_until_asked();
    });
    executor.drain();
    return executor.stats().verdict(Verdict::kNotDue) > 0;
  }));
}

// The task behind the one that is asked goes to another processor before the request is seen.
TEST(VerdictsAsync, NothingWaiting) {
  Executor executor(short_slices(2));
  EXPECT_TRUE(eventually([&] {
    std::atomic<bool> asked = false;
    std::atomic<bool> waiting_ran = false;
    for (int task = 0; task < 2; ++task) {
      executor.execute([&] {
        const UrgentBlocked blocked;
        // One ends when both are asked or nearly so; the other goes on until the waiting task has run there.
        compute_until_asked();
        if (asked.exchange(true)) return;
        while (!waiting_ran) testing::spin_a_little();
        busy_for(microseconds(20));
      });
    }
    executor.execute([&] { waiting_ran = true; });
    executor.drain();
    return executor.stats().verdict(Verdict::kNothingWaiting) > 0;
  }));
}

// Of two threads one runs and one is stopped or not born yet, and a third task is fresh.
TEST(VerdictsAsync, NoSpare) {
  Options options = short_slices();
  options.max_threads = 2;
  EXPECT_TRUE(eventually([&] {
    Executor executor(options);
    const Hogs hogs(executor, 4);
    for (int i = 0; i < 10; ++i) {
      executor.execute([] { busy_for(milliseconds(1)); });
      busy_for(milliseconds(1));
    }
    return executor.stats().verdict(Verdict::kNoSpare) > 0;
  }));
}

// --- The handler's, something done.

PREEMPT_SIGNAL_SAFE void spin_where_it_may_leave_its_thread() {
  for (int i = 0; i < 1'000'000; ++i) asm volatile("");
}

TEST(VerdictsAsync, FiberSwitch) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kFiberSwitch, spin_where_it_may_leave_its_thread, {.migratable = true}));
}

TEST(VerdictsAsync, ThreadSwitch) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kThreadSwitch, [] { testing::spin_a_little(); }));
}

TEST(VerdictsAsync, WithoutProcessor) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kWithoutProcessor, [] {
    usleep(3000);
    busy_for(milliseconds(5));
  }));
}

// --- Found out afterwards.

TEST(VerdictsAsync, Unanswered) {
  EXPECT_TRUE(reached_by_a_task(Verdict::kUnanswered, [] {
    const UrgentBlocked blocked;
    busy_for(milliseconds(1));
  }));
}

TEST(VerdictsAsync, EachHasItsName) {
  for (int i = 0; i < static_cast<int>(Verdict::kCount); ++i) {
    const std::string name = to_string(static_cast<Verdict>(i));
    ASSERT_GT(name.size(), 4u);
    EXPECT_EQ(name[0], 'k');
  }
}

}  // namespace
}  // namespace preempt
