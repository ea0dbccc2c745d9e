#include "../../bench/tail/distribution.h"

#include <gtest/gtest.h>

#include <cmath>

namespace preempt::bench {
namespace {

TEST(DistributionTest, NormalQuantilesAreThoseOfTheTables) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-12);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-9);
  EXPECT_NEAR(normal_quantile(0.01), -2.326347874040841, 1e-9);
  EXPECT_NEAR(normal_quantile(0.999999), 4.753424308822899, 1e-7);
}

TEST(DistributionTest, ExponentialQuantilesAreThoseOfTheFormula) {
  EXPECT_DOUBLE_EQ(exponential_quantile(0, 100), 0);
  EXPECT_NEAR(exponential_quantile(0.5, 100), 100 * std::log(2), 1e-9);
}

TEST(DistributionTest, LognormalMedianIsBelowItsMean) {
  EXPECT_NEAR(lognormal_quantile(0.5, 1000, 2), 1000 * std::exp(-2.0), 1e-6);
}

// The mean of the quantile function over evenly spaced shares is that of the distribution.
TEST(DistributionTest, MeansAreThoseAskedFor) {
  constexpr int kShares = 100'000;
  double exponential = 0, lognormal = 0;
  for (int i = 0; i < kShares; ++i) {
    const double u = (i + 0.5) / kShares;
    exponential += exponential_quantile(u, 1000) / kShares;
    lognormal += lognormal_quantile(u, 1000, 1) / kShares;
  }
  EXPECT_NEAR(exponential, 1000, 1);
  EXPECT_NEAR(lognormal, 1000, 1);
}

}  // namespace
}  // namespace preempt::bench
