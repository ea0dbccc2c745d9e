// What arrives when, and how much work it is: drawn before the run, the same for every pool and every simulation.
#ifndef PREEMPT_BENCH_TAIL_PLAN_H_
#define PREEMPT_BENCH_TAIL_PLAN_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace preempt::bench {

using Nanoseconds = std::int64_t;

// Requests that all need the same work.
struct RequestClass {
  std::string name;
  double share = 0;  // of the requests; the shares of a mixture add up to 1
  Nanoseconds service = 0;
};

using Mixture = std::vector<RequestClass>;

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

inline double mean_service(const Mixture& mixture) {
  double mean = 0;
  for (const RequestClass& each : mixture) mean += each.share * static_cast<double>(each.service);
  return mean;
}

// Open loop: Poisson arrivals that do not care how the pool is doing. The same seed gives the same plan anywhere, which
// the distributions of <random> do not promise.
inline Plan make_plan(const Mixture& mixture, const PlanOptions& options) {
  std::mt19937_64 random(options.seed);
  const auto uniform = [&random] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  const double mean_gap = mean_service(mixture) / (options.load * options.processors);
  Plan plan;
  for (double arrival = 0;;) {
    arrival -= mean_gap * std::log1p(-uniform());
    if (arrival >= options.seconds * 1e9) return plan;
    std::size_t chosen = 0;
    for (double left = uniform() - mixture[0].share; left >= 0 && chosen + 1 < mixture.size();) {
      left -= mixture[++chosen].share;
    }
    plan.push_back({static_cast<Nanoseconds>(arrival), mixture[chosen].service, static_cast<int>(chosen)});
  }
}

// The share of `processors` cpus that the plan really keeps busy: few long requests make it differ from what was asked.
inline double offered_load(const Plan& plan, const PlanOptions& options) {
  double work = 0;
  for (const Request& request : plan) work += static_cast<double>(request.service);
  return work / (options.seconds * 1e9 * options.processors);
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_PLAN_H_
