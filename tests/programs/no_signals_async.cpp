// rt_tgsigqueueinfo(2) refused, as by a sandbox: tasks are preempted at checkpoints only, sleepers still hand their
// processor on, all tasks end, and the log says so once.
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>

#include "support/child.h"
#include "support/crippled.h"
#include "support/refuse_call.h"

namespace preempt {
namespace {

using testing::refuse_call;
using testing::run_in_child;

TEST(NoSignals, TasksEndAndTheLogSaysSoOnce) {
  if (run_in_child([] { return refuse_call(SYS_rt_tgsigqueueinfo, EPERM); }) != "") {
    GTEST_SKIP() << "seccomp filters are not permitted here";
  }
  EXPECT_EQ(run_in_child([] {
              return refuse_call(SYS_rt_tgsigqueueinfo, EPERM) &&
                     testing::works_and_says_once(Preemption::kEverywhere, "rt_tgsigqueueinfo");
            }),
            "");
}

}  // namespace
}  // namespace preempt
