// Which cpus a thread may run on. Threads inherit it from the thread that makes them, so a pool is put on some cpus by
// making it, and its first tasks, while an AffinityScope lives.
#ifndef PREEMPT_BENCH_SUPPORT_AFFINITY_H_
#define PREEMPT_BENCH_SUPPORT_AFFINITY_H_

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <system_error>
#include <vector>

namespace preempt::bench {

using Cpus = std::vector<int>;

// The cpus that the calling thread may use, in order.
inline Cpus allowed_cpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  }
  Cpus cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

inline void set_affinity(const Cpus& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_setaffinity");
  }
}

// Moves the calling thread to `cpus`, and back at its end. No cpus: leaves it where it is.
class AffinityScope {
 public:
  explicit AffinityScope(const Cpus& cpus) : former_(allowed_cpus()) {
    if (!cpus.empty()) set_affinity(cpus);
  }
  ~AffinityScope() { set_affinity(former_); }
  AffinityScope(const AffinityScope&) = delete;
  AffinityScope& operator=(const AffinityScope&) = delete;

 private:
  Cpus former_;
};

// The cpus divided between a pool and whoever feeds it.
struct CpuSplit {
  Cpus workers;
  Cpus feeder;  // empty when no cpu is left over
};

inline CpuSplit split_cpus(int workers) {
  const Cpus all = allowed_cpus();
  const std::size_t taken = std::min(all.size(), static_cast<std::size_t>(workers));
  CpuSplit split;
  split.workers.assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(taken));
  if (taken < all.size()) split.feeder = {all[taken]};
  return split;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_AFFINITY_H_
