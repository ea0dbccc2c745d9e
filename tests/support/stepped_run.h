// A task under the stepper among others that give way at once.
#ifndef PREEMPT_TESTS_SUPPORT_STEPPED_RUN_H_
#define PREEMPT_TESTS_SUPPORT_STEPPED_RUN_H_

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <functional>

#include "preempt/checkpoint.h"
#include "preempt/executor.h"
#include "support/stepper.h"

namespace preempt::testing {

enum class TaskKind { kMigratable, kPinned };

struct SteppedRun {
  int processors = 1;
  TaskKind kind = TaskKind::kMigratable;
  Preemption preemption = Preemption::kEverywhere;
  std::chrono::microseconds time_slice{20};
  int max_threads = 16;
  int others = 2 * processors;  // that give way at once
  Stepper::Scope scope = Stepper::Scope::kSubject;
  Stepper::Look look = nullptr;
  std::function<void(Executor&)> beside = nullptr;  // a further task
};

// More tasks than processors: when the subject's time is over one always waits, and soon lets the subject on again.
class GivingWay {
 public:
  GivingWay(Executor& executor, int count, TaskOptions options) {
    for (int i = 0; i < count; ++i) {
      executor.execute(
          [this] {
            while (!stop_) yield();
          },
          options);
    }
  }
  void stop() { stop_ = true; }

 private:
  std::atomic<bool> stop_ = false;
};

// Runs `subject(stepper, executor)` as a task, checks what holds for each run, and prints what happened.
template <class Subject>
Stepper::Counts stepped_run(const SteppedRun& run, Subject subject) {
  Stepper stepper(run.scope, run.look);  // longer than any thread that may still have the trap flag
  const TaskOptions options = {.migratable = run.kind == TaskKind::kMigratable};
  Executor executor({.processors = run.processors,
                     .time_slice = run.time_slice,
                     .preemption = run.preemption,
                     .max_threads = run.max_threads,
                     .slice_growth = 1});
  GivingWay others(executor, run.others, options);
  if (run.beside) executor.execute([&] { run.beside(executor); }, options);
  executor.submit([&] { subject(stepper, executor); }, options).get();
  others.stop();
  executor.drain();
  stepper.expect_undisturbed();
  const Stepper::Counts& counts = stepper.counts();
  std::printf(
      "  %lu instructions, %lu marked; %lu injected calls, %lu stops, %lu once more, %lu on another thread; "
      "asked again %lu times\n",
      counts.steps, counts.marked_steps, counts.injected, counts.stopped, counts.once_more, counts.migrated,
      counts.asked_again);
  return counts;
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_STEPPED_RUN_H_
