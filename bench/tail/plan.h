// What arrives when, and how much work it is: drawn before the run, the same for every pool and every simulation.
#ifndef PREEMPT_BENCH_TAIL_PLAN_H_
#define PREEMPT_BENCH_TAIL_PLAN_H_

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "mixture.h"

namespace preempt::bench {

struct Request {
  Nanoseconds arrival = 0;  // since the start of the run
  Nanoseconds service = 0;  // on an undisturbed cpu
  int request_class = 0;    // index into the mixture
};

using Plan = std::vector<Request>;

struct PlanOptions {
  double load = 0.7;  // offered work, as a share of what `processors` cpus can do
  int processors = 1;
  double seconds = 10;
  std::uint64_t seed = 1;
};

// Open loop: Poisson arrivals that do not care how the pool is doing. Their number, and how many of each length there
// are, is the expected one: few long requests would otherwise make a short run's load differ from what was asked. Given
// their number, Poisson arrivals are uniform in time.
//
// The same seed gives the same plan anywhere, which the distributions and shuffles of the standard do not promise.
inline Plan make_plan(const Mixture& mixture, const PlanOptions& options) {
  std::mt19937_64 random(options.seed);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const double length = options.seconds * 1e9;
  const double expected = options.load * options.processors * length / mixture.mean_service();
  const auto count = static_cast<std::size_t>(std::max(1.0, std::round(expected)));
  std::vector<double> arrivals, shares;  // one share from each of `count` equal strata, then shuffled
  for (std::size_t i = 0; i < count; ++i) {
    arrivals.push_back(length * uniform());
    shares.push_back((static_cast<double>(i) + uniform()) / static_cast<double>(count));
    std::swap(shares[i], shares[static_cast<std::size_t>(uniform() * static_cast<double>(i + 1))]);
  }
  std::sort(arrivals.begin(), arrivals.end());
  Plan plan;
  for (std::size_t i = 0; i < count; ++i) {
    plan.push_back({static_cast<Nanoseconds>(arrivals[i]), mixture.service(shares[i]),
                    static_cast<int>(mixture.class_of(shares[i]))});
  }
  return plan;
}

inline double work_seconds(const Plan& plan) {
  double work = 0;
  for (const Request& request : plan) work += 1e-9 * static_cast<double>(request.service);
  return work;
}

// The share of `processors` cpus that the plan really keeps busy: a heavy tail makes it differ from what was asked.
inline double offered_load(const Plan& plan, const PlanOptions& options) {
  return work_seconds(plan) / (options.seconds * options.processors);
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_PLAN_H_
