// A task whose stack is full: the report names the task, the stack's size, the option and the calls, and then comes
// what would have come without it.
#include <gtest/gtest.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <future>
#include <string>

#include "os/memory.h"
#include "preempt/executor.h"
#include "support/fault.h"
#include "support/log_lines.h"
#include "support/threads.h"

// So that the compiler does not see that there is no end.
volatile int last_depth = -1;

// Of external linkage and not inlined, so that a stack shows them by these names.
extern "C" [[gnu::noinline]] int recurses_without_end(int depth) {
  volatile char frame[100];
  frame[0] = static_cast<char>(depth);
  if (depth == last_depth) return 0;
  const int result = recurses_without_end(depth + 1) + frame[0];
  asm volatile("" ::: "memory");
  return result;
}

extern "C" [[gnu::noinline]] int begins_the_recursion() {
  const int result = recurses_without_end(0);
  asm volatile("" ::: "memory");
  return result;
}

namespace preempt {
namespace {

using testing::ChildOutput;
using testing::output_of_child;

constexpr std::size_t kStackSize = 1 << 20;

Options one_processor() { return {.processors = 1, .stack_size = kStackSize, .name = "parsers"}; }

void expect_report(const ChildOutput& child, std::string_view task) {
  const std::string headline = "preempt: executor \"parsers\": " + std::string(task) + " on worker ";
  for (const std::string_view part : {std::string_view(headline), std::string_view("1 MiB (1048576 bytes)"),
                                      std::string_view("Options::stack_size"), std::string_view("PREEMPT_STACK_SIZE"),
                                      std::string_view("begins_the_recursion"), std::string_view(" more calls ...")}) {
    EXPECT_EQ(child.count(part), 1) << part << " in\n" << child.text();
  }
  EXPECT_GT(child.count("recurses_without_end"), 20) << child.text();
  EXPECT_EQ(child.count("Scheduler::"), 0) << child.text();
}

TEST(StackOverflow, OfAPinnedTask) {
  const ChildOutput child = output_of_child([] {
    Executor executor(one_processor());
    executor.execute([] { begins_the_recursion(); }, {.name = "a pinned one"});
    executor.drain();
  });
  EXPECT_TRUE(child.died_by_fault()) << child.text();
  expect_report(child, "task \"a pinned one\"");
}

TEST(StackOverflow, OfAMigratableTaskWithoutAName) {
  const ChildOutput child = output_of_child([] {
    Executor executor(one_processor());
    executor.execute([] { begins_the_recursion(); }, {.migratable = true});
    executor.drain();
  });
  EXPECT_TRUE(child.died_by_fault()) << child.text();
  expect_report(child, "an unnamed task");
}

const char* low_end_of_stack_of_thread() { return reinterpret_cast<const char*>(testing::stack_of_thread().low); }

bool is_on_own_stack_of_thread() {
  const char* low = low_end_of_stack_of_thread();
  const char* here = static_cast<char*>(__builtin_frame_address(0));
  return low <= here && here < low + kStackSize;
}

TEST(StackOverflow, OnAFiberAfterSwitches) {
  const ChildOutput child = output_of_child([] {
    Executor executor(one_processor());
    std::atomic<bool> second_began = false;
    executor.execute(
        [&] {
          executor.execute(
              [&] {
                second_began = true;
                yield();
                yield();
                if (is_on_own_stack_of_thread()) _exit(3);
                begins_the_recursion();
              },
              {.name = "on a fiber", .migratable = true});
          while (!second_began) yield();
          for (;;) yield();
        },
        {.name = "the other", .migratable = true});
    executor.drain();
  });
  EXPECT_TRUE(child.died_by_fault()) << child.text();
  expect_report(child, "task \"on a fiber\"");
}

// The calls are printed by a thread of ours; when that cannot be done in time, the process ends all the same.
TEST(StackOverflow, WhileTheSinkIsBlocked) {
  const ChildOutput child = output_of_child([] {
    Options options = one_processor();
    options.on_log = [](std::string_view) { pause(); };
    Executor executor(options);
    executor.execute([] { begins_the_recursion(); }, {.name = "a pinned one"});
    executor.drain();
  });
  EXPECT_TRUE(child.died_by_fault()) << child.text();
  EXPECT_EQ(child.count("task \"a pinned one\""), 1) << child.text();
  EXPECT_EQ(child.count("begins_the_recursion ("), 0) << child.text();
}

// What the application's handler saw.
struct Seen {
  std::atomic<int> calls = 0;
  std::uintptr_t address = 0, stack_pointer = 0;
} seen;
sigjmp_buf way_out;

void note(const siginfo_t* info, const void* context) {
  ++seen.calls;
  seen.address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  seen.stack_pointer = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RSP];
}

// That of the fault, and not of a handler's stack.
bool saw_the_fault() { return seen.stack_pointer - 4096 < seen.address && seen.address < seen.stack_pointer + 4096; }

TEST(StackOverflow, TheFormerHandlerIsCalledOnceWithTheFault) {
  const ChildOutput child = output_of_child([] {
    testing::handle_faults_by([](int, siginfo_t* info, void* context) {
      note(info, context);
      _exit(saw_the_fault() && seen.calls == 1 ? 42 : 43);
    });
    Executor executor(one_processor());
    executor.execute([] { begins_the_recursion(); }, {.name = "a pinned one"});
    executor.drain();
  });
  EXPECT_TRUE(child.exited_with(42)) << child.text();
  expect_report(child, "task \"a pinned one\"");
}

// As libsigsegv's users do, and the JVM.
TEST(StackOverflow, AFormerHandlerMayJumpOut) {
  const ChildOutput child = output_of_child([] {
    testing::handle_faults_by([](int, siginfo_t* info, void* context) {
      note(info, context);
      siglongjmp(way_out, 1);
    });
    testing::LogLines log;
    Options options = one_processor();
    options.on_log = log.sink();
    constexpr int kTimes = 3;
    int caught = 0;
    {
      Executor executor(options);
      for (int i = 0; i < kTimes; ++i) {
        caught += executor
                      .submit([] {
                        if (sigsetjmp(way_out, 1) == 0) begins_the_recursion();
                        return saw_the_fault();
                      })
                      .get();
      }
    }
    const bool good = caught == kTimes && seen.calls == kTimes && log.count(" more calls ...") == kTimes &&
                      log.count("Options::stack_size") == kTimes;
    if (!good) dprintf(STDERR_FILENO, "caught %d, calls %d, log: %s", caught, seen.calls.load(), log.text().c_str());
    _exit(good ? 42 : 43);
  });
  EXPECT_TRUE(child.exited_with(42)) << child.text();
  EXPECT_EQ(child.count("Options::stack_size"), 3) << child.text();
}

// Where no guard page can be had, it is seen afterwards.
class UnguardedStack : public ::testing::TestWithParam<bool> {};

// Comes back when it has overwritten half of the page below the stack.
[[gnu::noinline]] int overflows_by_half_a_page(const char* low) {
  volatile char frame[100];
  frame[0] = 1;
  if (static_cast<char*>(__builtin_frame_address(0)) < low - 2048) return 0;
  const int result = overflows_by_half_a_page(low) + frame[0];
  asm volatile("" ::: "memory");
  return result;
}

extern "C" [[gnu::noinline]] void gives_way_afterwards() {
  overflows_by_half_a_page(low_end_of_stack_of_thread());
  yield();
  asm volatile("" ::: "memory");
}

ChildOutput output_of_unguarded(void (*task)(), TaskOptions options) {
  return output_of_child([&] {
    os::guard_at_best_by(os::GuardBy::kNothing);
    Options of_checkpoints = one_processor();
    of_checkpoints.preemption = Preemption::kCheckpoints;  // else it may be seen at any instruction
    Executor executor(of_checkpoints);
    if (executor.stats().stacks_unguarded == 0) _exit(4);
    std::atomic<bool> ended = false;
    executor.execute(
        [&] {
          executor.execute([&ended] {
            while (!ended) yield();  // so that there is always one to give way to
          });
          task();
          ended = true;
        },
        options);
    executor.drain();
  });
}

void expect_late_report(const ChildOutput& child) {
  EXPECT_TRUE(child.status && WIFSIGNALED(*child.status) && WTERMSIG(*child.status) == SIGABRT) << child.text();
  for (const char* part :
       {"task \"without a guard\"", "1 MiB (1048576 bytes)", "Options::stack_size", "no guard page:"}) {
    EXPECT_EQ(child.count(part), 1) << part << " in\n" << child.text();
  }
}

TEST_P(UnguardedStack, IsSeenAtASwitch) {
  const ChildOutput child =
      output_of_unguarded(&gives_way_afterwards, {.name = "without a guard", .migratable = GetParam()});
  expect_late_report(child);
  EXPECT_EQ(child.count("gives_way_afterwards ("), 1) << child.text();
}

TEST_P(UnguardedStack, IsSeenAtTheEndOfTheTask) {
  expect_late_report(output_of_unguarded([] { overflows_by_half_a_page(low_end_of_stack_of_thread()); },
                                         {.name = "without a guard", .migratable = GetParam()}));
}

// Nobody complains of a task that keeps within its stack.
TEST_P(UnguardedStack, ServesAsAnyOther) {
  const ChildOutput child = output_of_unguarded(
      [] {
        overflows_by_half_a_page(low_end_of_stack_of_thread() + 4096);
        yield();
      },
      {.name = "without a guard", .migratable = GetParam()});
  EXPECT_TRUE(child.exited_with(99)) << child.text();
  EXPECT_EQ(child.count("needs more"), 0) << child.text();
}

INSTANTIATE_TEST_SUITE_P(Migratable, UnguardedStack, ::testing::Bool());

}  // namespace
}  // namespace preempt
