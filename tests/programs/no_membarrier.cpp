// membarrier(2) refused, as by an old kernel or a sandbox: a sleeping task keeps its processor, Blocking(kNow) still
// hands it on, all tasks end, and the log says so once.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <tuple>

#include "support/child.h"
#include "support/crippled.h"
#include "support/refuse_call.h"

namespace preempt {
namespace {

using testing::run_in_child;

class NoMembarrier : public ::testing::TestWithParam<std::tuple<int, Preemption>> {
 protected:
  void SetUp() override {
    if (run_in_child([] { return testing::refuse_call(SYS_membarrier, ENOSYS); }) != "") {
      GTEST_SKIP() << "seccomp filters are not permitted here";
    }
  }

  // The answer to it is kept for the whole process.
  template <class Body>
  static std::string run_without(Body body) {
    return run_in_child([&] {
      const auto [error, preemption] = GetParam();
      return testing::refuse_call(SYS_membarrier, error) && body(preemption);
    });
  }
};

TEST_P(NoMembarrier, TasksEndAndExplicitScopesHandOff) {
  EXPECT_EQ(run_without([](Preemption preemption) { return testing::works_and_says_once(preemption, "membarrier"); }),
            "");
}

// Rather than two owners of one processor: nobody takes it from the sleeper.
TEST_P(NoMembarrier, SleeperKeepsItsProcessor) {
  EXPECT_EQ(run_without([](Preemption preemption) {
              Executor executor({.processors = 1, .preemption = preemption, .on_log = testing::LogLines().sink()});
              for (int i = 0; i < 20; ++i) executor.execute([] { usleep(2000); });
              executor.drain();
              return executor.stats().handoffs == 0;
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(ErrorsAndPreemptions, NoMembarrier,
                         ::testing::Combine(::testing::Values(ENOSYS, EPERM),
                                            ::testing::Values(Preemption::kNone, Preemption::kCheckpoints,
                                                              Preemption::kEverywhere)));

}  // namespace
}  // namespace preempt
