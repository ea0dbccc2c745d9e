#include "../../bench/tail/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace preempt::bench {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

Mixture half_short_half_long() { return {{"short", 0.5, 1'000'000}, {"long", 0.5, 10'000'000}}; }

TEST(ReportTest, SlowdownIsLatencyOverServiceTime) {
  const Plan plan = {{0, 1'000'000, 0}, {5'000'000, 10'000'000, 1}};
  Report report(half_short_half_long(), kMilliseconds);
  report.add("pool", plan, {3'000'000, 45'000'000}, kUnknown);
  EXPECT_DOUBLE_EQ(report.figure("pool", 0, Measure::kLatency, kP99), 3);
  EXPECT_DOUBLE_EQ(report.figure("pool", 0, Measure::kSlowdown, kP99), 3);
  EXPECT_DOUBLE_EQ(report.figure("pool", 1, Measure::kLatency, kMedian), 40);
  EXPECT_DOUBLE_EQ(report.figure("pool", 1, Measure::kSlowdown, kMedian), 4);
}

// A long wait weighs more for a short request, of the same class too.
TEST(ReportTest, SlowdownIsThatOfEachRequest) {
  const Plan plan = {{0, 1'000'000, 0}, {0, 2'000'000, 0}};
  Report report(half_short_half_long(), kMicroseconds);
  report.add("pool", plan, {4'000'000, 6'000'000}, kUnknown);
  EXPECT_DOUBLE_EQ(report.figure("pool", 0, Measure::kSlowdown, kP999), 4);
  EXPECT_DOUBLE_EQ(report.figure("pool", 0, Measure::kLatency, kP999), 6000);
}

TEST(ReportTest, FiguresAreMediansOverRepetitionsThatHaveThem) {
  Report report(half_short_half_long(), kMilliseconds);
  for (const Nanoseconds completion : {2'000'000, 9'000'000, 4'000'000}) {
    report.add("pool", {{0, 1'000'000, 0}}, {completion}, 1);
  }
  EXPECT_DOUBLE_EQ(report.figure("pool", 0, Measure::kLatency, kMedian), 4);
  EXPECT_EQ(report.samples("pool", 1, Measure::kLatency, kMedian).size(), 3U);
  EXPECT_TRUE(std::isnan(report.figure("pool", 1, Measure::kLatency, kMedian)));
}

}  // namespace
}  // namespace preempt::bench
