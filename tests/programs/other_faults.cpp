// A SIGSEGV that is no full stack is not the executor's: it ends the process where it happened, or goes to the
// application's handler, with nothing said.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>

#include "preempt/executor.h"
#include "support/fault.h"

namespace preempt {
namespace {

using testing::ChildOutput;
using testing::output_of_child;

constexpr std::uintptr_t kNowhere = 0x10;

[[gnu::noinline]] void touch_nowhere() {
  std::uintptr_t address = kNowhere;
  asm volatile("" : "+r"(address));
  *reinterpret_cast<volatile int*>(address) = 1;
}

// Where a SIGSEGV may come from.
struct Source {
  const char* name;
  std::function<void(Executor&)> act;
};

void on_a_worker(Executor& executor, void (*act)()) {
  executor.execute([act] { act(); }, {.name = "a task"});
  executor.drain();
}

const Source kSources[] = {
    {"access in a task", [](Executor& executor) { on_a_worker(executor, touch_nowhere); }},
    {"access in another thread", [](Executor&) { std::thread(touch_nowhere).join(); }},
    {"access in the main thread", [](Executor&) { touch_nowhere(); }},
    {"raise in a task", [](Executor& executor) { on_a_worker(executor, [] { raise(SIGSEGV); }); }},
    {"raise in another thread", [](Executor&) { std::thread([] { raise(SIGSEGV); }).join(); }},
    {"kill",
     [](Executor&) {
       kill(getpid(), SIGSEGV);
       sleep(20);
     }},
};

void expect_no_report(const ChildOutput& child) { EXPECT_EQ(child.count("preempt: "), 0) << child.text(); }

TEST(OtherFaults, EndTheProcess) {
  for (const Source& source : kSources) {
    SCOPED_TRACE(source.name);
    const ChildOutput child = output_of_child([&] {
      Executor executor;
      source.act(executor);
    });
    EXPECT_TRUE(child.died_by_fault()) << child.text();
    expect_no_report(child);
  }
}

TEST(OtherFaults, ComeToTheFormerHandler) {
  for (const Source& source : kSources) {
    SCOPED_TRACE(source.name);
    const ChildOutput child = output_of_child([&] {
      testing::handle_faults_by([](int, siginfo_t* info, void* context) {
        const bool is_access = info->si_code == SEGV_MAPERR && info->si_addr == reinterpret_cast<void*>(kNowhere);
        const bool is_sent = info->si_code <= 0 && info->si_pid == getpid();
        _exit((is_access || is_sent) && context != nullptr ? 42 : 43);
      });
      Executor executor;
      source.act(executor);
    });
    EXPECT_TRUE(child.exited_with(42)) << child.text();
    expect_no_report(child);
  }
}

TEST(OtherFaults, ComeToAFormerHandlerOfOneCallOnce) {
  const ChildOutput child = output_of_child([] {
    testing::handle_faults_by([](int, siginfo_t*, void*) { static_cast<void>(!write(STDERR_FILENO, "called\n", 7)); },
                              SA_RESETHAND);
    Executor executor;
    executor.execute(touch_nowhere);
    executor.drain();
  });
  EXPECT_EQ(child.count("called"), 1) << child.text();
  EXPECT_TRUE(child.status && WIFSIGNALED(*child.status) && WTERMSIG(*child.status) == SIGSEGV) << child.text();
}

// The kernel ignores who sends the signal, and no access.
TEST(OtherFaults, IgnoredAreSentOnesOnly) {
  const ChildOutput child = output_of_child([] {
    signal(SIGSEGV, SIG_IGN);
    Executor executor;
    on_a_worker(executor, [] { raise(SIGSEGV); });
    kill(getpid(), SIGSEGV);
    static_cast<void>(!write(STDERR_FILENO, "ignored\n", 8));
    on_a_worker(executor, touch_nowhere);
  });
  EXPECT_EQ(child.count("ignored"), 1) << child.text();
  EXPECT_TRUE(child.status && WIFSIGNALED(*child.status) && WTERMSIG(*child.status) == SIGSEGV) << child.text();
  expect_no_report(child);
}

TEST(OtherFaults, DispositionsComeBackAndLaterOnesStay) {
  const auto former = [](int, siginfo_t*, void*) { _exit(43); };
  const auto later = [](int, siginfo_t*, void*) { _exit(44); };
  const auto shows = [](void (*handler)(int, siginfo_t*, void*)) {
    struct sigaction action = {};
    sigaction(SIGSEGV, nullptr, &action);
    return action.sa_sigaction == handler;
  };
  const auto status = testing::status_of_child([&] {
    testing::handle_faults_by(former);
    {
      Executor first;
      const Executor second;
      if (shows(former)) _exit(1);
    }
    if (!shows(former)) _exit(2);
    {
      Executor third;
      testing::handle_faults_by(later);
    }
    if (!shows(later)) _exit(3);
    touch_nowhere();
  });
  EXPECT_TRUE(status && WIFEXITED(*status) && WEXITSTATUS(*status) == 44) << testing::ending(status);
}

// What a core file would show.
struct Stop {
  siginfo_t info = {};
  std::uintptr_t program_counter = 0;
};

// The SIGSEGVs of a traced child until its end; nothing if it may not be traced.
std::vector<Stop> faults_of_traced_child(void (*act)()) {
  const pid_t child = fork();
  if (child == 0) {
    if (ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) _exit(77);
    Executor executor;
    act();
    _exit(99);
  }
  std::vector<Stop> stops;
  for (int status = 0; waitpid(child, &status, 0) == child && WIFSTOPPED(status);) {
    const int signal = WSTOPSIG(status);
    if (signal == SIGSEGV) {
      Stop stop;
      ptrace(PTRACE_GETSIGINFO, child, nullptr, &stop.info);
      constexpr std::uintptr_t kPlaceOfProgramCounter = 16 * sizeof(std::uint64_t);  // user_regs_struct::rip
      stop.program_counter =
          static_cast<std::uintptr_t>(ptrace(PTRACE_PEEKUSER, child, kPlaceOfProgramCounter, nullptr));
      stops.push_back(stop);
    }
    ptrace(PTRACE_CONT, child, nullptr, signal);
  }
  return stops;
}

// The second signal is the one that ends the process.
TEST(OtherFaults, EndItWhereTheyHappened) {
  if (fiber::kIsSanitized) GTEST_SKIP() << "the sanitizer's handler ends the process";
  const std::vector<Stop> access = faults_of_traced_child(touch_nowhere);
  if (access.empty()) GTEST_SKIP() << "ptrace(2) is not allowed";
  ASSERT_EQ(access.size(), 2u);
  EXPECT_EQ(access[1].program_counter, access[0].program_counter);
  EXPECT_EQ(access[1].info.si_code, SEGV_MAPERR);
  EXPECT_EQ(access[1].info.si_addr, reinterpret_cast<void*>(kNowhere));

  const std::vector<Stop> raised = faults_of_traced_child([] { raise(SIGSEGV); });
  ASSERT_EQ(raised.size(), 2u);
  EXPECT_EQ(raised[1].program_counter, raised[0].program_counter);
  EXPECT_EQ(raised[1].info.si_code, SI_TKILL);
  EXPECT_EQ(raised[1].info.si_pid, raised[0].info.si_pid);
}

}  // namespace
}  // namespace preempt
