// A task that was set aside throws and catches as if nothing had happened: before the throw, in a catch block, in a
// destructor while the stack is unwound, by injected call onto another worker and with its thread. Tasks beside it are
// in catch blocks of their own meanwhile: the runtime's record of exceptions goes with the task.
#include <gtest/gtest.h>

#include <atomic>
#include <exception>
#include <stdexcept>
#include <string>

#include "support/scale.h"
#include "support/step_corpus.h"
#include "support/stepped_run.h"

namespace preempt {
namespace {

using testing::scaled;
using testing::Stepper;
using testing::TaskKind;

// Is set aside at each instruction of a function.
void be_set_aside(Stepper& stepper) {
  testing::Block in, out;
  stepper.step([&] { step_integers(in, out); });
}

struct SetAsideWhileUnwinding {
  ~SetAsideWhileUnwinding() {
    be_set_aside(stepper);
    uncaught = std::uncaught_exceptions();
  }
  Stepper& stepper;
  int& uncaught;
};

[[gnu::noinline]] void throw_through_a_frame(Stepper& stepper, const std::string& text, int& uncaught) {
  const SetAsideWhileUnwinding frame = {stepper, uncaught};
  be_set_aside(stepper);
  throw std::runtime_error(text);
}

// What was caught, and how many exceptions were on their way in the destructor and at the end.
std::string throw_and_catch(Stepper& stepper, const std::string& text) {
  int uncaught = -1;
  try {
    throw_through_a_frame(stepper, text, uncaught);
  } catch (const std::runtime_error&) {
    be_set_aside(stepper);
    try {
      throw 1;
    } catch (int) {
      be_set_aside(stepper);
    }
    try {
      std::rethrow_exception(std::current_exception());
    } catch (const std::exception& again) {
      be_set_aside(stepper);
      return again.what() + std::to_string(uncaught) + std::to_string(std::uncaught_exceptions());
    }
  }
  return "not caught";
}

// Gives way inside a catch block, again and again.
void catch_beside(const std::atomic<bool>& stop) {
  while (!stop) {
    try {
      throw std::string("of the other task");
    } catch (const std::string&) {
      yield();
    }
  }
}

Stepper::Counts expect_own_exceptions(TaskKind kind, int processors, int rounds, std::uint64_t migrations) {
  std::atomic<bool> stop = false;
  const auto subject = [&](Stepper& stepper, Executor&) {
    for (int round = 0; round < rounds || stepper.counts().migrated < migrations; ++round) {
      const std::string text = "thrown in round " + std::to_string(round) + ", ";
      EXPECT_EQ(throw_and_catch(stepper, text), text + "10");
      if (round > 100 * rounds) break;
    }
    stop = true;
  };
  // One task more than processors: whose task gives way takes the one that waits elsewhere.
  const Stepper::Counts counts = testing::stepped_run({.processors = processors,
                                                       .kind = kind,
                                                       .others = processors - 1,
                                                       .beside = [&](Executor&) { catch_beside(stop); }},
                                                      subject);
  EXPECT_EQ(counts.injected + counts.stopped, counts.steps);
  EXPECT_GE(counts.migrated, migrations);
  return counts;
}

TEST(ExceptionsAsync, OfAMigratableTask) {
  EXPECT_GT(expect_own_exceptions(TaskKind::kMigratable, 1, scaled(10), 0).injected, 0u);
}

TEST(ExceptionsAsync, OfAMigratableTaskOnAnotherWorker) {
  EXPECT_GT(expect_own_exceptions(TaskKind::kMigratable, 2, scaled(10), 10).injected, 0u);
}

TEST(ExceptionsAsync, OfAPinnedTask) {
  EXPECT_GT(expect_own_exceptions(TaskKind::kPinned, 1, scaled(10), 0).stopped, 0u);
}

}  // namespace
}  // namespace preempt
