// membarrier(2) that lasts for milliseconds, as where every cpu is busy: a task whose Blocking scopes are far shorter
// ends one under each claim of the watchdog. It must not keep its processor from those that wait.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>

#include "preempt/executor.h"
#include "support/child.h"
#include "support/delay_call.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using testing::delay_call;
using testing::run_in_child;

class SlowMembarrier : public ::testing::TestWithParam<Preemption> {
 protected:
  void SetUp() override {
    if (run_in_child([] { return delay_call(SYS_membarrier, milliseconds(0)); }) != "") {
      GTEST_SKIP() << "seccomp filters with a listener are not permitted here";
    }
  }
};

TEST_P(SlowMembarrier, ShortScopesDoNotStarveWhoWaits) {
  EXPECT_EQ(run_in_child([] {
              if (!delay_call(SYS_membarrier, milliseconds(3))) return false;
              Executor executor({.processors = 1, .preemption = GetParam()});
              std::atomic<bool> served = false;
              std::atomic<int> scopes = 0;
              executor.execute([&] {
                executor.execute([&] { served = true; });
                for (; !served && scopes < 50'000; ++scopes) {
                  const Blocking scope;
                  usleep(20);
                }
              });
              executor.drain();
              // The slice is 1 ms: a dozen scopes, and those under the first claim after it.
              std::printf("served after %d scopes\n", scopes.load());
              return scopes < 5'000;
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(Preemptions, SlowMembarrier,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
