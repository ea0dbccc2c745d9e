// /proc hidden, as in a small container: nobody can see whether a worker computes or sleeps, so no signal is sent and a
// sleeper keeps its processor. Checkpoints yield, Blocking scopes hand off, all tasks end, and the log says so once.
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <future>
#include <string>

#include "support/child.h"
#include "support/crippled.h"

namespace preempt {
namespace {

using testing::run_in_child;

// Puts an empty file system over /proc for this process. For ever, so in a child. False where that is not permitted.
bool hide_proc() {
  if (unshare(CLONE_NEWNS) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) return false;
  return mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
         mount("none", "/proc", "tmpfs", 0, nullptr) == 0 && access("/proc/self", F_OK) != 0;
}

class NoProc : public ::testing::TestWithParam<Preemption> {
 protected:
  void SetUp() override {
    if (run_in_child(hide_proc) != "") GTEST_SKIP() << "mount namespaces are not permitted here";
  }

  template <class Body>
  static std::string run_without(Body body) {
    return run_in_child([&] { return hide_proc() && body(); });
  }

  static Options options(const testing::LogLines& log) {
    return {.processors = 1,
            .time_slice = std::chrono::microseconds(100),
            .preemption = GetParam(),
            .max_threads = 64,
            .on_log = log.sink()};
  }
};

TEST_P(NoProc, TasksEndAndExplicitScopesHandOff) {
  EXPECT_EQ(run_without([] { return testing::works_and_says_once(GetParam(), "/proc"); }), "");
}

// The scope says what /proc cannot.
TEST_P(NoProc, PlainScopeHandsOff) {
  EXPECT_EQ(run_without([] {
              const testing::LogLines log;
              Executor executor(options(log));
              std::promise<void> promise;
              executor.execute([&] {
                const Blocking here;
                promise.get_future().wait();
              });
              executor.execute([&] { promise.set_value(); });
              executor.drain();
              return executor.stats().handoffs > 0;
            }),
            "");
}

// Nobody could call back a task that went on without a processor.
TEST_P(NoProc, OneComputesAtATimeAfterAScope) {
  EXPECT_EQ(run_without([] {
              const testing::LogLines log;
              Executor executor(options(log));
              std::atomic<int> computing = 0, most = 0;
              for (int i = 0; i < 10; ++i) {
                executor.execute([&] {
                  {
                    const Blocking scope(kNow);
                    usleep(10'000);
                  }
                  const int now = ++computing;
                  if (now > most) most = now;
                  testing::busy_for(std::chrono::milliseconds(5));
                  --computing;
                });
              }
              executor.drain();
              return most == 1;
            }),
            "");
}

TEST_P(NoProc, HogsWithCheckpointsTakeTurnsWithoutSignals) {
  if (GetParam() == Preemption::kNone) return;
  EXPECT_EQ(run_without([] {
              const testing::LogLines log;
              Executor executor(options(log));
              std::atomic<bool> stop = false;
              std::atomic<int> begun = 0;
              for (int i = 0; i < 3; ++i) {
                executor.execute([&] {
                  ++begun;
                  while (!stop) PREEMPT_CHECKPOINT();
                });
              }
              const bool all_begun = testing::eventually([&] { return begun == 3; });
              stop = true;
              executor.drain();
              return all_begun && executor.stats().checkpoint_yields > 0 && executor.stats().signals_sent == 0;
            }),
            "");
}

INSTANTIATE_TEST_SUITE_P(EachPreemption, NoProc,
                         ::testing::Values(Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe,
                                           Preemption::kEverywhere));

}  // namespace
}  // namespace preempt
