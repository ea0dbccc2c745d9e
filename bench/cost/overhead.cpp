// The same tasks on ours and on the mutex pool, all long enough for the pool not to matter and too short to be
// preempted.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "cost.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "support/affinity.h"
#include "support/countdown.h"
#include "support/disturbance.h"
#include "support/progress.h"
#include "support/spread.h"
#include "support/statistics.h"
#include "support/work.h"

namespace preempt::bench {
namespace {

constexpr double kTaskSeconds = 100e-6;
constexpr const char* kWorkload = "tasks of 100 us, all queued at once, 1 worker";

struct Times {
  std::vector<double> wall = {}, cpu = {};  // microseconds for each task
};

// The pool's threads are all on one cpu: what it does for itself is taken from the tasks.
template <class Pool>
void run(Times& times, const CpuSplit& cpus, int tasks, std::uint64_t rounds) {
  Countdown left;
  left.reset(tasks);
  const AffinityScope workers(cpus.workers);
  Pool pool(1);
  const AffinityScope feeder(cpus.feeder);
  const double cpu_before = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < tasks; ++i) {
    pool.post([&left, rounds] {
      work_rounds(rounds);
      left.count_down();
    });
  }
  left.wait();
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  times.wall.push_back(1e6 * wall.count() / tasks);
  times.cpu.push_back(1e6 * (cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before) / tasks);
}

// Of the runs side by side, so that a slow minute of the machine is in both.
std::vector<double> percent_over(const std::vector<double>& ours, const std::vector<double>& peers) {
  std::vector<double> over;
  for (std::size_t i = 0; i < ours.size(); ++i) over.push_back(100 * (ours[i] / peers[i] - 1));
  return over;
}

void write_samples(SamplesFile& samples, const char* contender, const Times& times) {
  for (std::size_t i = 0; i < times.wall.size(); ++i) {
    samples.add(kWorkload, contender, "time", "us", Better::kLower, times.wall[i]);
    samples.add(kWorkload, contender, "cpu time", "us", Better::kLower, times.cpu[i]);
  }
}

}  // namespace

void measure_overhead(Measurement& measurement) {
  const int tasks = measurement.quick() ? 1'000 : 4'000;
  const int repetitions = 4 * measurement.repetitions + 1;  // short ones: the difference is small
  const CpuSplit cpus = split_cpus(1);
  std::uint64_t rounds = 0;
  {
    const AffinityScope scope(cpus.workers);
    rounds = static_cast<std::uint64_t>(kTaskSeconds * measure_rounds_per_second());
  }
  Times ours, peers;
  {
    const Progress progress;
    for (int repetition = 1; repetition <= repetitions; ++repetition) {
      progress.show(repetition, repetitions, "overhead");
      run<PreemptPool>(ours, cpus, tasks, rounds);
      run<MutexPool>(peers, cpus, tasks, rounds);
    }
  }
  std::printf("%s: %d of them, %d repetitions.\n\n", kWorkload, tasks, repetitions);
  MarkdownTable table({"us for each task", "preempt", "mutex pool", "over", "quartiles"});
  const std::vector<double> wall = percent_over(ours.wall, peers.wall), cpu = percent_over(ours.cpu, peers.cpu);
  table.add({"time", number(median(ours.wall)), number(median(peers.wall)), number(median(wall)) + " %",
             quartiles_text(wall)});
  table.add({"cpu time of all threads", number(median(ours.cpu)), number(median(peers.cpu)), number(median(cpu)) + " %",
             quartiles_text(cpu)});
  table.print(stdout);
  std::puts("");
  print_goal("time over the mutex pool's", median(wall), " %", 1);
  write_samples(measurement.samples, "preempt", ours);
  write_samples(measurement.samples, "mutex pool", peers);
}

}  // namespace preempt::bench
