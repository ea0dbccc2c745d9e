// The simulated schedulers of bench/tail, against results worked out by hand and laws that every one of them keeps.
#include "../../bench/tail/simulate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "../../bench/support/statistics.h"

namespace preempt::bench {
namespace {

using Times = std::vector<Nanoseconds>;

Plan plan_of(std::vector<std::pair<Nanoseconds, Nanoseconds>> arrivals_and_services) {
  Plan plan;
  for (const auto& [arrival, service] : arrivals_and_services) plan.push_back({arrival, service, 0});
  return plan;
}

TEST(SimulateTest, FifoMakesShortOnesWait) {
  EXPECT_EQ(simulate_fifo(plan_of({{0, 100}, {10, 5}, {20, 5}}), 1), (Times{100, 105, 110}));
}

TEST(SimulateTest, FifoUsesEveryProcessor) {
  EXPECT_EQ(simulate_fifo(plan_of({{0, 100}, {10, 5}, {12, 5}}), 2), (Times{100, 15, 20}));
}

TEST(SimulateTest, SrptPreemptsTheLongOne) {
  EXPECT_EQ(simulate_srpt(plan_of({{0, 100}, {10, 5}, {12, 50}}), 1), (Times{155, 15, 65}));
}

TEST(SimulateTest, SrptLeavesOneThatIsNearlyDone) {
  EXPECT_EQ(simulate_srpt(plan_of({{0, 100}, {98, 5}}), 1), (Times{100, 105}));
}

TEST(SimulateTest, SrptPreemptsTheLongestOfTwo) {
  EXPECT_EQ(simulate_srpt(plan_of({{0, 100}, {0, 50}, {10, 20}}), 2), (Times{120, 50, 30}));
}

TEST(SimulateTest, ProcessorSharingHalvesTheRate) {
  EXPECT_EQ(simulate_processor_sharing(plan_of({{0, 100}, {0, 50}}), 1), (Times{150, 100}));
}

TEST(SimulateTest, ProcessorSharingGivesOneRequestOneProcessor) {
  EXPECT_EQ(simulate_processor_sharing(plan_of({{0, 100}, {0, 50}}), 2), (Times{100, 50}));
}

TEST(SimulateTest, ProcessorSharingSlowsWhenOneArrives) {
  // The first has 60 left when the second arrives; both run at half speed until the second is complete at 40 + 2 * 20.
  EXPECT_EQ(simulate_processor_sharing(plan_of({{0, 100}, {40, 20}}), 1), (Times{120, 80}));
}

TEST(SimulateTest, LevelsSendDownWhatUsedItsSlice) {
  // The first is sent down at 10 and preempted by the second at 15; it goes on at 18.
  EXPECT_EQ(simulate_levels(plan_of({{0, 100}, {15, 3}}), 1, 10, 4), (Times{103, 18}));
}

TEST(SimulateTest, LevelsAreFirstInFirstOutWithinASlice) {
  EXPECT_EQ(simulate_levels(plan_of({{0, 10}, {1, 2}, {2, 2}}), 1, 10, 4), (Times{10, 12, 14}));
}

TEST(SimulateTest, LevelsKeepTheRestOfAPreemptedSlice) {
  // Both are at the second level, slice 40, from 20 on. The first is preempted at 30 with 30 of them left, and goes on
  // at 35 before the second; it is sent down at 65, the second runs from there to its end at 95.
  EXPECT_EQ(simulate_levels(plan_of({{0, 60}, {0, 40}, {30, 5}}), 1, 10, 4), (Times{105, 95, 35}));
}

TEST(SimulateTest, LevelsPreemptTheLowestOfTwo) {
  // At 5 one processor has a request at the second level, the other a fresh one: the third takes the former's place.
  EXPECT_EQ(simulate_levels(plan_of({{0, 50}, {4, 2}, {5, 1}}), 2, 3, 4), (Times{51, 6, 6}));
}

Mixture short_and_long() { return {{"short", 0.99, 50'000}, {"long", 0.01, 20'000'000}}; }

double mean_latency(const Plan& plan, const Times& completions) {
  double sum = 0;
  for (std::size_t i = 0; i < plan.size(); ++i) sum += static_cast<double>(completions[i] - plan[i].arrival);
  return sum / static_cast<double>(plan.size());
}

double latency_quantile(const Plan& plan, const Times& completions, int request_class, double q) {
  std::vector<double> latencies;
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].request_class != request_class) continue;
    latencies.push_back(static_cast<double>(completions[i] - plan[i].arrival));
  }
  return quantile(std::move(latencies), q);
}

std::vector<std::function<Times(const Plan&)>> every_policy() {
  return {
      [](const Plan& plan) { return simulate_fifo(plan, 1); },
      [](const Plan& plan) { return simulate_srpt(plan, 1); },
      [](const Plan& plan) { return simulate_processor_sharing(plan, 1); },
      [](const Plan& plan) { return simulate_levels(plan, 1, 1'000'000, 4); },
  };
}

// One processor that is never idle with work waiting ends its last request at the same moment whatever the order.
TEST(SimulateTest, NoPolicyIdlesOrLosesWork) {
  const Plan plan = make_plan(short_and_long(), {.load = 0.9, .seconds = 5, .seed = 7});
  Nanoseconds end = 0;
  for (const Request& request : plan) end = std::max(end, request.arrival) + request.service;
  for (const auto& policy : every_policy()) {
    const Times completions = policy(plan);
    EXPECT_NEAR(static_cast<double>(*std::max_element(completions.begin(), completions.end())),
                static_cast<double>(end), 1e3);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      ASSERT_GE(completions[i] - plan[i].arrival, plan[i].service - 1) << "request " << i;
    }
  }
}

TEST(SimulateTest, NoPolicyHasALowerMeanThanSrpt) {
  const Plan plan = make_plan(short_and_long(), {.load = 0.8, .seconds = 20, .seed = 11});
  const double ideal = mean_latency(plan, simulate_srpt(plan, 1));
  for (const auto& policy : every_policy()) EXPECT_LE(ideal, mean_latency(plan, policy(plan)));
}

// Pollaczek and Khinchine: with equal services the mean wait is load * service / (2 * (1 - load)).
TEST(SimulateTest, FifoAgreesWithTheory) {
  const Plan plan = make_plan({{"all", 1.0, 100'000}}, {.load = 0.7, .seconds = 200, .seed = 3});
  EXPECT_NEAR(mean_latency(plan, simulate_fifo(plan, 1)), 100'000 * (1 + 0.7 / 0.6), 5'000);
}

// Kleinrock: under processor sharing a request of service s takes s / (1 - load) on average.
TEST(SimulateTest, ProcessorSharingAgreesWithTheory) {
  const Plan plan = make_plan(short_and_long(), {.load = 0.5, .seconds = 2'000, .seed = 3});
  double sum = 0, count = 0;
  const Times completions = simulate_processor_sharing(plan, 1);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    if (plan[i].request_class != 0) continue;
    sum += static_cast<double>(completions[i] - plan[i].arrival);
    ++count;
  }
  EXPECT_NEAR(sum / count, 100'000, 10'000);
}

TEST(SimulateTest, LevelsHelpShortOnesAndCostLongOnesLittle) {
  const Plan plan = make_plan(short_and_long(), {.load = 0.7, .seconds = 100, .seed = 5});
  const Times fifo = simulate_fifo(plan, 1), levels = simulate_levels(plan, 1, 1'000'000, 4);
  const Times ideal = simulate_srpt(plan, 1);
  EXPECT_GT(latency_quantile(plan, fifo, 0, 0.99), 50 * latency_quantile(plan, levels, 0, 0.99));
  EXPECT_LT(latency_quantile(plan, levels, 0, 0.99), latency_quantile(plan, ideal, 0, 0.99) + 1'000'000);
  EXPECT_LT(latency_quantile(plan, levels, 1, 0.5), 1.3 * latency_quantile(plan, ideal, 1, 0.5));
}

}  // namespace
}  // namespace preempt::bench
