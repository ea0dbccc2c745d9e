// The simulated machine of bench/model, against queueing theory and limits that are known.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>
#include <vector>

#include "../../bench/model/event_queue.h"
#include "../../bench/model/machine.h"
#include "../../bench/model/serial_resource.h"
#include "../../bench/support/statistics.h"

namespace preempt::bench::model {
namespace {

double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

Tasks equal_tasks(Nanos length) { return {.short_length = length, .long_share = 0}; }

Costs no_costs() {
  return {.push = 0,
          .take = 0,
          .link = 0,
          .steal = 0,
          .dispatch = 0,
          .look = 0,
          .state = 0,
          .send = 0,
          .arrive = 0,
          .stop = 0,
          .timer = 0,
          .wakeup = 0,
          .unpark = 0,
          .timer_signal = 0};
}

TEST(EventQueueTest, InOrderOfTimeThenOfPlanning) {
  EventQueue<int> events;
  events.plan(20, 1);
  events.plan(10, 2);
  events.plan(20, 3);
  EXPECT_EQ(events.next(), 2);
  EXPECT_EQ(events.now(), 10);
  EXPECT_EQ(events.next(), 1);
  EXPECT_EQ(events.next(), 3);
  EXPECT_TRUE(events.empty());
}

TEST(SerialResourceTest, OneAfterTheOther) {
  SerialResource resource;
  EXPECT_EQ(resource.use(0, 10), 10);
  EXPECT_EQ(resource.use(4, 10), 20);
  EXPECT_EQ(resource.use(50, 10), 60);
  EXPECT_EQ(resource.busy(), 30);
  EXPECT_EQ(resource.waits(), (std::vector<double>{0, 6, 0}));
}

// M/D/1: the mean wait is load * hold / (2 * (1 - load)).
TEST(SerialResourceTest, WaitsAsQueueingTheorySays) {
  constexpr Nanos kHold = 1'000;
  for (const double load : {0.3, 0.6, 0.9}) {
    std::mt19937_64 random(7);
    SerialResource resource;
    double now = 0;
    for (int i = 0; i < 1'000'000; ++i) {
      now -= std::log1p(-static_cast<double>(random() >> 11) * 0x1p-53) * kHold / load;
      resource.use(static_cast<Nanos>(now), kHold);
    }
    const double expected = load * kHold / (2 * (1 - load));
    EXPECT_NEAR(mean(resource.waits()), expected, 0.05 * expected) << "load " << load;
  }
}

// At no cost and with equal tasks that fit into a slice, one processor is an M/D/1 queue too.
TEST(MachineTest, OneProcessorIsAQueueWithOneServer) {
  constexpr double kLoad = 0.7, kLength = 100'000;
  const Outcome outcome = Machine({.slice = 1'000'000'000,
                                   .load = kLoad,
                                   .tasks = equal_tasks(kLength),
                                   .costs = no_costs(),
                                   .arrivals = 500'000})
                              .run();
  const double expected = kLength * (1 + kLoad / (2 * (1 - kLoad)));
  EXPECT_NEAR(mean(outcome.short_latency), expected, 0.05 * expected);
  EXPECT_TRUE(outcome.lateness.empty());
}

TEST(MachineTest, TwoProcessorsLetLessWait) {
  Setting setting{.processors = 1, .load = 0.8, .tasks = equal_tasks(100'000), .costs = no_costs()};
  const Outcome one = Machine(setting).run();
  setting.processors = 2;
  const Outcome two = Machine(setting).run();
  EXPECT_LT(mean(two.short_latency), mean(one.short_latency));
}

TEST(MachineTest, TheSameSeedGivesTheSame) {
  const Setting setting{.processors = 4, .arrivals = 20'000};
  const Outcome first = Machine(setting).run(), second = Machine(setting).run();
  EXPECT_EQ(first.short_latency, second.short_latency);
  EXPECT_EQ(first.lateness, second.lateness);
}

TEST(MachineTest, WhereNothingWaitsTheWatchdogSleeps) {
  const Outcome outcome =
      Machine({.processors = 64, .load = 0.05, .tasks = equal_tasks(100'000), .arrivals = 20'000}).run();
  EXPECT_LT(outcome.watchdog_share, 0.05);
  EXPECT_TRUE(outcome.lateness.empty());
}

// Nobody is stopped before its time, and the shortest way is: the look's, the signal's and its arrival.
TEST(MachineTest, PreemptionsAreLateByWhatTheyCostAtLeast) {
  const Costs costs;
  const Outcome outcome = Machine({.processors = 1, .arrivals = 50'000}).run();
  ASSERT_GT(outcome.lateness.size(), 100U);
  EXPECT_GE(median(outcome.lateness), static_cast<double>(costs.send + costs.arrive));
}

TEST(MachineTest, PreemptingLetsShortTasksPass) {
  const Outcome preempted = Machine({.slice = 1'000'000, .arrivals = 50'000}).run();
  const Outcome left_alone = Machine({.slice = 1'000'000'000'000, .arrivals = 50'000}).run();
  EXPECT_LT(10 * quantile(preempted.short_latency, 0.99), quantile(left_alone.short_latency, 0.99));
}

TEST(MachineTest, MoreWatchdogsAreLessBusy) {
  Setting setting{.processors = 128, .slice = 100'000, .arrivals = 100'000};
  const Outcome one = Machine(setting).run();
  setting.design.processors_of_a_watchdog = 16;
  const Outcome eight = Machine(setting).run();
  EXPECT_LT(eight.watchdog_share, one.watchdog_share);
  EXPECT_LE(quantile(eight.lateness, 0.99), quantile(one.lateness, 0.99));
}

TEST(MachineTest, TimersAreLateByTheirSignal) {
  Setting setting{.processors = 8, .arrivals = 50'000};
  setting.design.clock = Clock::kTimers;
  const Outcome outcome = Machine(setting).run();
  ASSERT_FALSE(outcome.lateness.empty());
  EXPECT_LE(median(outcome.lateness), static_cast<double>(setting.slice));
}

// A queue whose line is held for longer than tasks come apart: whoever comes waits for a long time.
TEST(MachineTest, AnInjectQueueBinds) {
  Setting setting{.processors = 32, .tasks = equal_tasks(1'000), .arrivals = 50'000};
  const Outcome one = Machine(setting).run();
  setting.design.processors_of_an_inject_queue = 4;
  const Outcome eight = Machine(setting).run();
  EXPECT_GT(one.inject_share, 0.85);
  EXPECT_LT(eight.inject_share, 0.8);
  EXPECT_LT(100 * mean(eight.inject_waits), mean(one.inject_waits));
}

}  // namespace
}  // namespace preempt::bench::model
