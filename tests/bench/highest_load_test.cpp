#include "../../bench/tail/highest_load.h"

#include <gtest/gtest.h>

#include <limits>

namespace preempt::bench {
namespace {

TEST(HighestLoadTest, IsTheLastOneThatKeepsTheLimit) {
  EXPECT_EQ(highest_load({{0.3, 2}, {0.5, 50}, {0.7, 51}}, 50), 0.5);
  EXPECT_EQ(highest_load({{0.3, 2}, {0.5, 3}}, 50), 0.5);
}

TEST(HighestLoadTest, AllLowerOnesMustKeepItToo) {
  EXPECT_EQ(highest_load({{0.3, 2}, {0.5, 60}, {0.7, 10}}, 50), 0.3);
  EXPECT_EQ(highest_load({{0.3, 60}, {0.5, 10}}, 50), 0);
}

TEST(HighestLoadTest, AnUnknownValueKeepsNoLimit) {
  EXPECT_EQ(highest_load({{0.3, std::numeric_limits<double>::quiet_NaN()}}, 50), 0);
  EXPECT_EQ(highest_load({}, 50), 0);
}

}  // namespace
}  // namespace preempt::bench
