// Without membarrier(2) hogs are preempted as ever.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <chrono>

#include "support/child.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/refuse_call.h"

namespace preempt {
namespace {

TEST(NoMembarrierAsync, HogsArePreempted) {
  if (testing::run_in_child([] { return testing::refuse_call(SYS_membarrier, ENOSYS); }) != "") {
    GTEST_SKIP() << "seccomp filters are not permitted here";
  }
  EXPECT_EQ(testing::run_in_child([] {
              if (!testing::refuse_call(SYS_membarrier, ENOSYS)) return false;
              const testing::LogLines log;
              Executor executor(
                  {.processors = 1, .time_slice = std::chrono::microseconds(100), .on_log = log.sink()});
              const testing::Hogs hogs(executor, 3);
              return hogs.all_begun() && testing::more_thread_preemptions(executor, 20);
            }),
            "");
}

}  // namespace
}  // namespace preempt
