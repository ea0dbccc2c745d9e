// gdb stops a task in the injected call and goes on instruction by instruction, into the scheduler and, when the task
// goes on, out again: at each of them its backtrace leads to the task's function and to the loop that runs it.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/command.h"

namespace preempt {
namespace {

volatile int result = 0;

}  // namespace

// Found by its name in the debugger's output.
PREEMPT_SIGNAL_SAFE int task_that_gdb_finds(int turns) {
  int sum = 0;
  for (int i = 0; i < turns; ++i) asm volatile("" : "+r"(sum));
  return sum;
}

namespace {

// What gdb runs: two tasks that displace each other.
int be_debugged() {
  Executor executor({.processors = 1, .time_slice = std::chrono::milliseconds(1)});
  for (int i = 0; i < 2; ++i) {
    executor.execute(
        [] {
          while (true) result = task_that_gdb_finds(1'000'000'000);
        },
        {.migratable = true});
  }
  executor.drain();
  return 0;
}

// A debugger's single steps leave its trap flag in what pushfq pushes, and behind popfq.
// Up to the call, at the switch to the other task, and from behind the call to the last instruction.
constexpr std::string_view kScript = R"(
set pagination off
set debuginfod enabled off
set confirm off
set width 0
handle SIGURG nostop noprint pass
break *preempt_asm_async
run --be-debugged
delete
set scheduler-locking on
define walk_and_step
  echo \nWALK\n
  bt
  set $opcode = *(unsigned char *) $pc
  stepi
  if $opcode == 0x9c
    set *(long *) $sp = *(long *) $sp & ~0x100
  end
end
define go_on
  set scheduler-locking off
  set $eflags = $eflags & ~0x100
  continue
end
set $in = (long) $sp
while (long) $pc != (long) &preempt_async_entry
  walk_and_step
end
set $behind = *(long *) $sp
set $there = (long) $sp + 8
tbreak *preempt_asm_switch
go_on
set scheduler-locking on
set $i = 0
while $i < 11
  walk_and_step
  set $i = $i + 1
end
# The other task may come by first, on its own stack.
tbreak *$behind if (long) $sp == $there
go_on
set scheduler-locking on
while (long) $sp != $in
  walk_and_step
end
walk_and_step
echo \nDONE\n
kill
)";

std::string file_with(std::string_view text) {
  std::string path = "/tmp/preempt_gdb_XXXXXX";
  const int file = mkstemp(path.data());
  EXPECT_EQ(write(file, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(file);
  return path;
}

TEST(GdbTrampolineAsync, BacktracesLeadToTheTask) {
  if (std::system("gdb --version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no gdb here";
  const std::string script = file_with(kScript);
  const std::string output = testing::output_of("timeout -k 5 40 gdb -nx -batch -x " + script + " " +
                                                testing::own_path() + " 2>&1 </dev/null");
  std::remove(script.c_str());
  if (testing::count_of("Operation not permitted", output) > 0) GTEST_SKIP() << "ptrace is not permitted here";
  ASSERT_NE(output.find("\nDONE\n"), std::string::npos) << output;

  int walks = 0;
  for (std::size_t at = output.find("\nWALK\n"); at != std::string::npos;) {
    const std::size_t next = output.find("\nWALK\n", at + 1);
    const std::string walk = output.substr(at, next - at);
    EXPECT_GE(testing::count_of("task_that_gdb_finds", walk), 1) << walk;
    EXPECT_GE(testing::count_of("preempt::core::Scheduler::loop", walk), 1) << walk;
    ++walks;
    at = next;
  }
  std::printf("  %d backtraces\n", walks);
  EXPECT_GT(walks, 70);
}

}  // namespace
}  // namespace preempt

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--be-debugged") return preempt::be_debugged();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
