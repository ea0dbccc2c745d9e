// Tasks that make processes while they are being preempted: by fork, vfork and exec, posix_spawn, popen and system.
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "preempt/executor.h"
#include "support/child_process.h"
#include "support/hogs.h"
#include "support/scale.h"
#include "support/threads.h"

namespace preempt {
namespace {

using testing::busy_for;
using testing::Hogs;
using testing::scaled;

constexpr int kTasks = 4;

Options short_slices() { return {.processors = 2, .time_slice = std::chrono::microseconds(100)}; }

// What a forked child finds. Its exit status is the number of the first thing that is wrong, 0 when none is.
enum ChildFinds { kAllRight, kOldOneTakesTasks, kNewOneLosesTasks, kNewOneDoesNotPreempt };

// Some slices of time, at least where each of them finds the guard word set, as in a vfork child whose parent lost its
// processor.
constexpr int kCheckpoints = 20'000;

void pass_checkpoints() {
  for (int i = 0; i < kCheckpoints; ++i) PREEMPT_CHECKPOINT();
}

bool refuses(Executor& executor) {
  try {
    executor.execute([] {});
  } catch (const std::runtime_error&) {
    return true;
  }
  return false;
}

ChildFinds look_at_new_executor() {
  Executor executor(short_slices());
  Hogs hogs(executor, 4);
  if (!testing::more_thread_preemptions(executor, 5)) return kNewOneDoesNotPreempt;
  hogs.stop();
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) executor.execute([&] { ++ran; });
  executor.drain();
  return ran == 100 ? kAllRight : kNewOneLosesTasks;
}

ChildFinds look_around_in_child(Executor& parents) {
  pass_checkpoints();
  yield();
  { const NoPreempt no_preempt; }
  { const Blocking blocking; }
  if (!refuses(parents)) return kOldOneTakesTasks;
  parents.drain();
  parents.shutdown();
  const ChildFinds result = look_at_new_executor();
  pass_checkpoints();
  return result;
}

// A child that hangs ends by itself, so that the task's wait for it can be a plain one.
std::string fork_and_look(Executor& executor) {
  const pid_t child = fork();
  if (child == -1) return "fork failed";
  if (child == 0) {
    alarm(30);
    _exit(look_around_in_child(executor));
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) return "waitpid failed";
  return testing::ending(status);
}

// Runs `make_process` in some tasks at once beside hogs, each several times; all must say `expected`, and all tasks
// must go on.
template <class MakeProcess>
void expect_in_tasks(MakeProcess make_process, const std::string& expected, int times) {
  Executor executor(short_slices());
  Hogs hogs(executor, 4);
  ASSERT_TRUE(hogs.all_begun());
  std::vector<std::future<std::string>> results;
  for (int task = 0; task < kTasks; ++task) {
    results.push_back(executor.submit([&] {
      for (int i = 0; i < times; ++i) {
        busy_for(std::chrono::microseconds(150));
        std::string found = make_process(executor);
        if (found != expected) return found;
      }
      return expected;
    }));
  }
  for (auto& result : results) EXPECT_EQ(result.get(), expected);
  const auto before = hogs.turns();
  EXPECT_TRUE(testing::eventually([&] { return hogs.all_moved_since(before); }));
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 50));
}

// The child of a process with threads may allocate only because glibc puts its allocator in order at a fork. GCC 12's
// ASan does not do that for its own: a child whose parent had a thread inside malloc, as a stopped task often is, waits
// for ever in its first malloc.
bool child_cannot_allocate() {
#if defined(__SANITIZE_ADDRESS__)
  return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
  return true;
#endif
#endif
  return false;
}

TEST(ForkAsync, ChildOfATask) {
  if (child_cannot_allocate()) GTEST_SKIP() << "ASan's allocator is not put in order at a fork";
  expect_in_tasks(fork_and_look, "exit 0", scaled(10));
}

TEST(ForkAsync, ChildOfAnotherThread) {
  if (child_cannot_allocate()) GTEST_SKIP() << "ASan's allocator is not put in order at a fork";
  Executor executor(short_slices());
  Hogs hogs(executor, 4);
  ASSERT_TRUE(hogs.all_begun());
  for (int i = 0; i < scaled(20); ++i) {
    const pid_t child = fork();
    ASSERT_NE(child, -1);
    if (child == 0) _exit(look_around_in_child(executor));
    EXPECT_EQ(testing::ending(testing::wait_for_child(child)), "exit 0");
  }
  const auto before = hogs.turns();
  EXPECT_TRUE(testing::eventually([&] { return hogs.all_moved_since(before); }));
}

TEST(ForkAsync, ChildMayDestroyTheExecutorAndExit) {
  auto executor = std::make_unique<Executor>(short_slices());
  auto hogs = std::make_unique<Hogs>(*executor, 4);
  ASSERT_TRUE(hogs->all_begun());
  const pid_t child = fork();
  ASSERT_NE(child, -1);
  if (child == 0) {
    executor.reset();
    _exit(0);
  }
  EXPECT_EQ(testing::ending(testing::wait_for_child(child)), "exit 0");
}

// The child shares this thread's memory, guard word included, and has another thread id. No local variable changes
// after vfork returned for the first time.
[[gnu::noinline]] pid_t vfork_and_exec() {
  const pid_t child = vfork();
  if (child == 0) {
    for (int i = 0; i < kCheckpoints; ++i) PREEMPT_CHECKPOINT();
    execl("/bin/sh", "sh", "-c", "exit 7", nullptr);
    _exit(127);
  }
  return child;
}

TEST(ForkAsync, VforkAndExec) {
  expect_in_tasks(
      [](Executor&) -> std::string {
        const pid_t child = vfork_and_exec();
        int status = 0;
        if (child == -1 || waitpid(child, &status, 0) != child) return "vfork or waitpid failed";
        return testing::ending(status);
      },
      "exit 7", scaled(50));
}

TEST(ForkAsync, PosixSpawn) {
  expect_in_tasks(
      [](Executor&) -> std::string {
        char shell[] = "sh", option[] = "-c", command[] = "exit 7";
        char* const arguments[] = {shell, option, command, nullptr};
        pid_t child = 0;
        int status = 0;
        if (posix_spawn(&child, "/bin/sh", nullptr, nullptr, arguments, environ) != 0) return "posix_spawn failed";
        if (waitpid(child, &status, 0) != child) return "waitpid failed";
        return testing::ending(status);
      },
      "exit 7", scaled(50));
}

// All that a command writes.
std::string output_of(const char* command) {
  FILE* const pipe = popen(command, "r");
  if (pipe == nullptr) return "popen failed";
  std::string result;
  std::array<char, 256> part;
  while (std::fgets(part.data(), part.size(), pipe) != nullptr) result += part.data();
  return pclose(pipe) == 0 ? result : "the command failed";
}

TEST(ForkAsync, Popen) {
  expect_in_tasks([](Executor&) { return output_of("echo one; echo two"); }, "one\ntwo\n", scaled(50));
}

TEST(ForkAsync, System) {
  expect_in_tasks([](Executor&) { return testing::ending(std::system("exit 7")); }, "exit 7", scaled(50));
}

// A program that is started by a task finds the same signals blocked as one started by the main thread.
TEST(ForkAsync, CommandInheritsTheMaskOfThePool) {
  const char* const mask_of_command = "grep SigBlk /proc/self/status";
  const std::string expected = output_of(mask_of_command);
  EXPECT_EQ(expected, "SigBlk:\t" + testing::thread_status(gettid(), "SigBlk") + "\n");
  expect_in_tasks([&](Executor&) { return output_of(mask_of_command); }, expected, scaled(20));
}

}  // namespace
}  // namespace preempt
