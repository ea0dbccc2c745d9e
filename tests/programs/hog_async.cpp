// A task that never ends and calls nothing does not keep a second one from running, on one processor.
// Model: Go's own test of asynchronous preemption (src/runtime/testdata/testprog/preempt.go, AsyncPreempt).
//
// The hog never ends, so every case is a child process.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/child.h"
#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::eventually;
using testing::run_in_child;

std::atomic<bool> hog_runs = false;

[[noreturn]] void hog() {
  hog_runs = true;
  for (;;) asm volatile("");
}

[[noreturn]] void hog_with_checkpoint() {
  hog_runs = true;
  for (;;) PREEMPT_CHECKPOINT();
}

[[noreturn]] PREEMPT_SIGNAL_SAFE void spin_marked() {
  for (;;) asm volatile("");
}

[[noreturn]] void hog_in_marked_code() {
  hog_runs = true;
  spin_marked();
}

// An executor with one processor, a hog on it and a task behind the hog.
class Hogged {
 public:
  Hogged(Preemption preemption, void (*hog_function)(), TaskOptions hog_options = {})
      // Never deleted: its destructor would wait for the hog.
      : executor_(*new Executor({.processors = 1, .preemption = preemption})) {
    executor_.execute(hog_function, hog_options);
    hog_started_ = eventually([] { return hog_runs.load(); });
    executor_.execute([this] { second_ran_ = true; });
  }

  bool second_runs() {
    const bool ran = hog_started_ && eventually([this] { return second_ran_.load(); });
    return said(ran, "the second task did not run");
  }

  bool second_waits() {
    const bool waited = hog_started_ && !eventually([this] { return second_ran_.load(); }, milliseconds(300));
    return said(waited, "the second task ran, or the hog did not start");
  }

  bool without_a_signal() { return said(stats().signals_sent == 0, "a signal was sent"); }

  // The count of a thread switch may come when the thread goes on.
  bool counts(std::uint64_t Stats::*counter) {
    return said(eventually([&] { return stats().*counter > 0; }), "what should have happened was not counted");
  }

  // On a machine full of work the hog may not have run at all while the second waited.
  bool was_found(Verdict verdict) {
    return said(eventually([&] { return stats().verdict(verdict) > 0; }), "no signal had the verdict");
  }

  Stats stats() const { return executor_.stats(); }

 private:
  static bool said(bool good, const char* otherwise) {
    if (!good) std::printf("  in the child: %s\n", otherwise);
    return good;
  }

  Executor& executor_;
  std::atomic<bool> second_ran_ = false;
  bool hog_started_ = false;
};

TEST(HogAsync, PinnedTaskIsPreemptedEverywhere) {
  EXPECT_EQ(run_in_child([] {
              Hogged hogged(Preemption::kEverywhere, hog);
              return hogged.second_runs() && hogged.counts(&Stats::thread_preemptions);
            }),
            "");
}

TEST(HogAsync, MigratableTaskInUnmarkedCodeIsPreemptedEverywhere) {
  EXPECT_EQ(run_in_child([] {
              Hogged hogged(Preemption::kEverywhere, hog, {.migratable = true});
              return hogged.second_runs() && hogged.counts(&Stats::thread_preemptions);
            }),
            "");
}

TEST(HogAsync, MigratableTaskInMarkedCodeLeavesItsThread) {
  for (const Preemption preemption : {Preemption::kSignalSafe, Preemption::kEverywhere}) {
    EXPECT_EQ(run_in_child([preemption] {
                Hogged hogged(preemption, hog_in_marked_code, {.migratable = true});
                return hogged.second_runs() && hogged.counts(&Stats::fiber_preemptions);
              }),
              "")
        << static_cast<int>(preemption);
  }
}

TEST(HogAsync, UnmarkedCodeIsNotPreemptedUnderSignalSafe) {
  EXPECT_EQ(run_in_child([] {
              Hogged hogged(Preemption::kSignalSafe, hog, {.migratable = true});
              return hogged.second_waits() && hogged.was_found(Verdict::kNotSafe);
            }),
            "");
}

TEST(HogAsync, CheckpointsAloneDoNotStopACodeWithoutThem) {
  EXPECT_EQ(run_in_child([] {
              Hogged hogged(Preemption::kCheckpoints, hog);
              return hogged.second_waits() && hogged.without_a_signal();
            }),
            "");
}

TEST(HogAsync, CheckpointInTheLoopLetsTheSecondRun) {
  for (const bool migratable : {false, true}) {
    EXPECT_EQ(run_in_child([migratable] {
                Hogged hogged(Preemption::kCheckpoints, hog_with_checkpoint, {.migratable = migratable});
                return hogged.second_runs() && hogged.without_a_signal() && hogged.counts(&Stats::checkpoint_yields);
              }),
              "")
        << "migratable " << migratable;
  }
}

TEST(HogAsync, WithoutPreemptionACheckpointDoesNothing) {
  EXPECT_EQ(run_in_child([] {
              Hogged hogged(Preemption::kNone, hog_with_checkpoint);
              return hogged.second_waits() && hogged.without_a_signal();
            }),
            "");
}

TEST(HogAsync, EnvironmentTurnsSignalsOff) {
  EXPECT_EQ(run_in_child([] {
              setenv("PREEMPT_PREEMPTION", "checkpoints", 1);
              Hogged hogged(Preemption::kEverywhere, hog);
              return hogged.second_waits() && hogged.without_a_signal();
            }),
            "");
  EXPECT_EQ(run_in_child([] {
              setenv("PREEMPT_PREEMPTION", "checkpoints", 1);
              Hogged hogged(Preemption::kEverywhere, hog_with_checkpoint);
              return hogged.second_runs() && hogged.without_a_signal();
            }),
            "");
}

}  // namespace
}  // namespace preempt
