#include <gtest/gtest.h>

#include <set>
#include <string>

#include "preempt/stats.h"

namespace preempt {
namespace {

TEST(VerdictNames, AreThoseOfTheEnumeration) {
  EXPECT_STREQ(to_string(Verdict::kAsleep), "kAsleep");
  EXPECT_STREQ(to_string(Verdict::kThreadSwitch), "kThreadSwitch");
  EXPECT_STREQ(to_string(Verdict::kUnanswered), "kUnanswered");
}

TEST(VerdictNames, AreAllThereAndDiffer) {
  std::set<std::string> names;
  for (int i = 0; i < static_cast<int>(Verdict::kCount); ++i) {
    const std::string name = to_string(static_cast<Verdict>(i));
    EXPECT_EQ(name.front(), 'k') << i;
    EXPECT_TRUE(names.insert(name).second) << name;
  }
}

TEST(VerdictNames, NoVerdictIsUnknown) {
  EXPECT_STREQ(to_string(Verdict::kCount), "unknown");
  EXPECT_STREQ(to_string(static_cast<Verdict>(200)), "unknown");
}

}  // namespace
}  // namespace preempt
