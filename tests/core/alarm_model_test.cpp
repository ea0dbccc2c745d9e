// The watchdog's alarm in every interleaving: it never sleeps past what was planned or asked for, and nothing is lost.
// The checker is tried on protocols with a flaw, too.
#include "support/alarm_model.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "support/model_checker.h"
#include "support/scale.h"

namespace preempt::testing {
namespace {

using Cast = AlarmModel::Cast;

Exploration explore(AlarmProtocol protocol, const Cast& cast) {
  const AlarmModel model(protocol, cast);
  Exploration exploration = ModelChecker(model).explore();
  std::printf("%zu states, %zu steps\n", exploration.states, exploration.steps);
  if (exploration.violation.empty()) return exploration;
  std::printf("%s, after\n", exploration.violation.c_str());
  for (const std::string& step : exploration.trace) std::printf("  %s\n", step.c_str());
  return exploration;
}

// As in taking_model_test.cpp.
bool is_for_whole_runs(const Cast& cast) { return cast.sleeps && (cast.submissions > 0 || cast.work_waits); }

class AlarmProtocolTest : public ::testing::TestWithParam<Cast> {};

TEST_P(AlarmProtocolTest, NothingIsLostAndNoLookIsLate) {
  if (is_for_whole_runs(GetParam()) && testing::scaled(10) < 10) GTEST_SKIP() << "PREEMPT_TEST_SCALE is below 1";
  const Exploration exploration = explore(AlarmProtocol::kOurs, GetParam());
  EXPECT_EQ(exploration.violation, "");
  EXPECT_GT(exploration.states, 100u);
}

INSTANTIATE_TEST_SUITE_P(Casts, AlarmProtocolTest,
                         ::testing::Values(Cast{.submissions = 2}, Cast{.sleeps = true},
                                           Cast{.submissions = 1, .sleeps = true, .moments = 2},
                                           Cast{.postponements = 2, .work_waits = true},
                                           Cast{.postponements = 1, .sleeps = true, .work_waits = true},
                                           Cast{.submissions = 1, .stops = true}));

TEST(FlawedAlarmProtocol, FlawsAreFound) {
  const Cast submits = {.submissions = 1}, sleeps = {.submissions = 1, .sleeps = true, .moments = 2},
             postpones = {.postponements = 1, .sleeps = true, .work_waits = true};
  EXPECT_NE(explore(AlarmProtocol::kForgetsPlan, submits).violation, "");
  EXPECT_NE(explore(AlarmProtocol::kForgetsWanted, sleeps).violation, "");
  EXPECT_NE(explore(AlarmProtocol::kForwardsOnce, submits).violation, "");
  EXPECT_NE(explore(AlarmProtocol::kArmsOnce, sleeps).violation, "");
  EXPECT_NE(explore(AlarmProtocol::kPostponesAndLeaves, postpones).violation, "");
}

}  // namespace
}  // namespace preempt::testing
