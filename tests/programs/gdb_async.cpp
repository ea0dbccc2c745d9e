// A debugger attaches to a process with parked workers, sees every task through our handler's frames, and leaves; the
// process goes on.
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <string>

#include "preempt/executor.h"
#include "support/child_process.h"
#include "support/command.h"
#include "support/hogs.h"

namespace preempt {
namespace {

constexpr int kHogs = 6;
std::atomic<bool> stop_hogs = false;
std::atomic<std::uint64_t> hog_turns[kHogs];

}  // namespace

// Found by its name in the debugger's output.
[[gnu::noinline]] void hog_that_gdb_finds(int which) {
  while (!stop_hogs) {
    testing::spin_a_little();
    ++hog_turns[which];
  }
}

namespace {

bool all_hogs_turn() {
  std::uint64_t before[kHogs];
  for (int i = 0; i < kHogs; ++i) before[i] = hog_turns[i];
  return testing::eventually([&] {
    bool all = true;
    for (int i = 0; i < kHogs; ++i) all = all && hog_turns[i] != before[i];
    return all;
  });
}

// The process that is looked at: says by a byte that it is ready, and ends well when the other end is closed.
[[noreturn]] void be_looked_at(int ready, int end) {
  prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
  {
    Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100)});
    for (int i = 0; i < kHogs; ++i) executor.execute([i] { hog_that_gdb_finds(i); });
    if (!all_hogs_turn() || write(ready, "r", 1) != 1) _exit(1);
    char byte;
    if (read(end, &byte, 1) != 0) _exit(2);
    if (!all_hogs_turn() || !testing::more_thread_preemptions(executor, 50)) _exit(3);
    stop_hogs = true;
  }
  _exit(0);
}

class LookedAt {
 public:
  LookedAt() {
    std::array<int, 2> ready, end;
    if (pipe(ready.data()) != 0 || pipe(end.data()) != 0) return;
    process_ = fork();
    if (process_ == 0) {
      close(ready[0]);
      close(end[1]);
      be_looked_at(ready[1], end[0]);
    }
    close(ready[1]);
    close(end[0]);
    end_ = end[1];
    char byte;
    ready_ = read(ready[0], &byte, 1) == 1;
    close(ready[0]);
  }
  LookedAt(const LookedAt&) = delete;
  LookedAt& operator=(const LookedAt&) = delete;

  bool ready() const { return ready_; }
  pid_t process() const { return process_; }
  std::string end() {
    close(end_);
    return testing::ending(testing::wait_for_child(process_));
  }

 private:
  pid_t process_ = -1;
  int end_ = -1;
  bool ready_ = false;
};

// What gdb printed of one thread: [a line "Thread ...", the next one).
struct Backtraces {
  int with_hog = 0;
  int with_hog_in_handler = 0;
};

Backtraces look_through(const std::string& output) {
  Backtraces result;
  for (std::size_t at = output.find("\nThread "); at != std::string::npos;) {
    const std::size_t next = output.find("\nThread ", at + 1);
    const std::string thread = output.substr(at, next - at);
    const std::size_t hog = thread.find("hog_that_gdb_finds");
    const std::size_t handler = thread.find("<signal handler called>");
    result.with_hog += hog != std::string::npos;
    // Frames are printed from the innermost on: ours, the signal's, the task's.
    result.with_hog_in_handler += hog != std::string::npos && handler < hog && thread.find("preempt::") < handler;
    at = next;
  }
  return result;
}

TEST(GdbAsync, SeesParkedTasksAndLeaves) {
  if (std::system("gdb --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gdb here";
  LookedAt looked_at;
  ASSERT_TRUE(looked_at.ready());
  const std::string output = testing::output_of(
      "timeout -k 5 40 gdb -nx -batch -iex 'set debuginfod enabled off' -ex 'handle SIGURG nostop noprint pass' "
      "-ex 'thread apply all bt' -ex detach -p " +
      std::to_string(looked_at.process()) + " 2>&1 </dev/null");
  EXPECT_EQ(looked_at.end(), "exit 0") << output;
  if (testing::count_of("Operation not permitted", output) > 0) GTEST_SKIP() << "ptrace is not permitted here";

  const Backtraces found = look_through(output);
  EXPECT_EQ(found.with_hog, kHogs) << output;
  // All but those that run; one more may be on its way in or out.
  EXPECT_GE(found.with_hog_in_handler, kHogs - 3) << output;
}

}  // namespace
}  // namespace preempt
