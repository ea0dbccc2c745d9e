#include "../../bench/tail/mixtures.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace preempt::bench {
namespace {

TEST(MixturesTest, EveryNameHasAMixtureOfWholeShares) {
  for (const std::string& name : mixture_names()) {
    const auto mixture = mixture_named(name);
    ASSERT_TRUE(mixture) << name;
    EXPECT_TRUE(mixture->name().starts_with(name));
    double shares = 0;
    for (const RequestClass& each : mixture->classes()) shares += each.share;
    EXPECT_NEAR(shares, 1, 1e-9) << name;
    EXPECT_NE(mixture->shortest_class(), mixture->longest_class()) << name;
  }
  EXPECT_FALSE(mixture_named("trimodal"));
}

TEST(MixturesTest, BimodalIsOneLongTaskInTwoHundred) {
  const Mixture mixture = *mixture_named("bimodal");
  EXPECT_EQ(mixture.service(0.994), 100'000);
  EXPECT_EQ(mixture.service(0.996), 50'000'000);
  EXPECT_NEAR(mixture.mean_service(), 349'500, 1e-6);
}

TEST(MixturesTest, ClassesOfContinuousMixturesAreDividedByLength) {
  for (const char* name : {"exponential", "lognormal"}) {
    const Mixture mixture = *mixture_named(name);
    EXPECT_EQ(mixture.class_of(0.499), 0U);
    EXPECT_EQ(mixture.class_of(0.501), 1U);
    EXPECT_EQ(mixture.class_of(0.991), 2U);
    EXPECT_LT(mixture.service(0.499), mixture.service(0.501));
    EXPECT_LT(mixture.service(0.989), mixture.service(0.991));
  }
}

TEST(MixturesTest, ReadsClasses) {
  const Mixture mixture = mixture_of({"0.25:20ms", "0.75:50us"});
  ASSERT_EQ(mixture.classes().size(), 2U);
  EXPECT_EQ(mixture.classes()[mixture.shortest_class()].name, "50us");
  EXPECT_EQ(mixture.classes()[mixture.longest_class()].service, 20'000'000);
}

TEST(MixturesTest, RefusesWhatIsNone) {
  EXPECT_THROW(mixture_of({"1"}), std::invalid_argument);
  EXPECT_THROW(mixture_of({"1:soon"}), std::invalid_argument);
  EXPECT_THROW(mixture_of({"-1:1ms", "2:1ms"}), std::invalid_argument);
  EXPECT_THROW(mixture_of({"0.5:1ms", "0.4:2ms"}), std::invalid_argument);
}

}  // namespace
}  // namespace preempt::bench
