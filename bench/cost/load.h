// The load whose preempting is measured: that of bench/tail, 99.5 % of 100 us and 0.5 % of 50 ms, at 0.7 of one cpu.
#ifndef PREEMPT_BENCH_COST_LOAD_H_
#define PREEMPT_BENCH_COST_LOAD_H_

#include <cstddef>
#include <cstdint>

#include "support/affinity.h"
#include "support/work.h"
#include "tail/mixtures.h"
#include "tail/plan.h"
#include "tail/run.h"

namespace preempt::bench {

inline constexpr double kLoad = 0.7;

inline Plan bimodal_plan(double seconds, std::uint64_t seed) {
  return make_plan(*mixture_named("bimodal"), {.load = kLoad, .processors = 1, .seconds = seconds, .seed = seed});
}

inline double work_of(const Plan& plan) {
  double work = 0;
  for (const Request& request : plan) work += 1e-9 * static_cast<double>(request.service);
  return work;
}

// One cpu, and how fast it is.
struct OneCpu {
  Site site = {.cpus = split_cpus(1)};
  double rounds_per_second = 0;

  OneCpu() {
    const AffinityScope scope(site.cpus.workers);
    rounds_per_second = measure_rounds_per_second();
  }
  void work(const Request& request) const {
    work_rounds(static_cast<std::uint64_t>(1e-9 * static_cast<double>(request.service) * rounds_per_second));
  }
};

// Seconds of cpu time of all threads of the pool.
template <class MakePool>
double cpu_seconds_of_run(const Plan& plan, const OneCpu& cpu, MakePool make_pool) {
  const Work work = [&cpu](const Request& request, std::size_t) { cpu.work(request); };
  return run_plan(plan, cpu.site, work, make_pool).pool_cpu_seconds;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COST_LOAD_H_
