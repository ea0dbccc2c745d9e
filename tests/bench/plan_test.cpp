#include "../../bench/tail/plan.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace preempt::bench {
namespace {

Mixture three_classes() { return {{"a", 0.7, 10'000}, {"b", 0.2, 20'000}, {"c", 0.1, 100'000}}; }

TEST(PlanTest, HasTheLoadAndTheSharesThatWereAskedFor) {
  const PlanOptions options{.load = 0.6, .processors = 2, .seconds = 50, .seed = 42};
  const Plan plan = make_plan(three_classes(), options);
  EXPECT_NEAR(offered_load(plan, options), 0.6, 0.001);
  std::array<double, 3> count{};
  for (const Request& request : plan) ++count[static_cast<std::size_t>(request.request_class)];
  const double all = static_cast<double>(plan.size());
  EXPECT_NEAR(count[0] / all, 0.7, 0.01);
  EXPECT_NEAR(count[1] / all, 0.2, 0.01);
  EXPECT_NEAR(count[2] / all, 0.1, 0.01);
}

// Few long requests would make its load differ from plan to plan.
TEST(PlanTest, HasTheLoadInAShortRunToo) {
  const Mixture mixture = {{"short", 0.99, 100'000}, {"long", 0.01, 20'000'000}};
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const PlanOptions options{.load = 0.5, .seconds = 1, .seed = seed};
    EXPECT_NEAR(offered_load(make_plan(mixture, options), options), 0.5, 0.021) << "more than one long request";
  }
}

// The gaps of a Poisson stream are exponential: as long on average as they vary.
TEST(PlanTest, ArrivesAsAPoissonStream) {
  const Plan plan = make_plan(three_classes(), {.seconds = 20, .seed = 9});
  double sum = 0, squares = 0;
  for (std::size_t i = 1; i < plan.size(); ++i) {
    const auto gap = static_cast<double>(plan[i].arrival - plan[i - 1].arrival);
    sum += gap;
    squares += gap * gap;
  }
  const double count = static_cast<double>(plan.size() - 1), mean = sum / count;
  EXPECT_NEAR(std::sqrt(squares / count - mean * mean) / mean, 1, 0.02);
}

TEST(PlanTest, IsSortedAndInsideTheRun) {
  const Plan plan = make_plan(three_classes(), {.seconds = 2});
  ASSERT_FALSE(plan.empty());
  for (std::size_t i = 1; i < plan.size(); ++i) ASSERT_LE(plan[i - 1].arrival, plan[i].arrival);
  EXPECT_GE(plan.front().arrival, 0);
  EXPECT_LT(plan.back().arrival, 2'000'000'000);
}

TEST(PlanTest, DependsOnTheSeedOnly) {
  const auto arrivals = [](std::uint64_t seed) {
    std::vector<Nanoseconds> times;
    for (const Request& request : make_plan(three_classes(), {.seconds = 1, .seed = seed})) {
      times.push_back(request.arrival);
    }
    return times;
  };
  EXPECT_EQ(arrivals(1), arrivals(1));
  EXPECT_NE(arrivals(1), arrivals(2));
}

}  // namespace
}  // namespace preempt::bench
