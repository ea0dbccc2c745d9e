// Cpu time that slices take: of the whole pool beside one that never preempts, and of the watchdog's thread alone.
#include <sys/prctl.h>
#include <time.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cost.h"
#include "load.h"
#include "peers/preempt_pool.h"
#include "support/progress.h"
#include "support/spread.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

constexpr const char* kWorkload = "bimodal 99.5:100us 0.5:50ms, load 0.70";

struct Slice {
  std::string name;
  int microseconds = 0;                                // 0: never preempts
  double goal_percent = 0;                             // 0: none
  std::vector<double> cpu = {};                        // per cent of the work, beside the pool without preemption
  std::vector<double> watchdog = {};                   // the same of its thread alone
  std::vector<double> preemptions = {}, wakeups = {};  // in a second; of the watchdog
};

// Cpu seconds of the thread of this process with this name, by its first field; 0 when there is none.
double cpu_seconds_of_thread(const std::string& name) {
  double seconds = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string comm;
    double nanoseconds = 0;
    std::getline(std::ifstream(task.path() / "comm"), comm);
    if (comm == name && std::ifstream(task.path() / "schedstat") >> nanoseconds) seconds += 1e-9 * nanoseconds;
  }
  return seconds;
}

struct Watched {
  double cpu_seconds = 0;
  double preemptions = 0;
  double wakeups = 0;
};

// Notes at its end what its watchdog used: then the thread is still there.
class WatchedPool : public PreemptPool {
 public:
  WatchedPool(const Options& options, Watched& watched)
      : PreemptPool(options), thread_(options.name + "-watch"), watched_(watched) {}
  ~WatchedPool() {
    const Stats stats = executor().stats();
    watched_.preemptions = static_cast<double>(stats.thread_preemptions + stats.fiber_preemptions);
    watched_.wakeups = static_cast<double>(stats.watchdog_wakeups);
    watched_.cpu_seconds = cpu_seconds_of_thread(thread_);
  }

 private:
  std::string thread_;
  Watched& watched_;
};

Options options_of(const Slice& slice) {
  Options options{.processors = 1};
  if (slice.microseconds == 0) {
    options.preemption = Preemption::kNone;
  } else {
    options.time_slice = std::chrono::microseconds(slice.microseconds);
  }
  return options;
}

void measure(Slice& slice, double none_cpu, const Plan& plan, const OneCpu& one, double& cpu, double seconds) {
  Watched watched;
  cpu = cpu_seconds_of_run(plan, one, [&] { return WatchedPool(options_of(slice), watched); });
  const double work = work_of(plan);
  slice.cpu.push_back(none_cpu == 0 ? 0 : 100 * (cpu - none_cpu) / work);
  slice.watchdog.push_back(100 * watched.cpu_seconds / work);
  slice.preemptions.push_back(watched.preemptions / seconds);
  slice.wakeups.push_back(watched.wakeups / seconds);
}

// What a thread takes that only wakes at a time, beside a busy one on its cpu: no watchdog can do with less. Seconds of
// cpu time for each.
double bare_wake_up(const OneCpu& one) {
  constexpr int kWakeUps = 1'000;
  constexpr long kPeriod = 1'000'000;
  const AffinityScope scope(one.site.cpus.workers);
  std::atomic<bool> ends = false;
  std::thread busy([&] {
    while (!ends.load(std::memory_order_relaxed)) work_rounds(1'000);
  });
  double used = 0;
  std::thread sleeper([&] {
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    const auto seconds = [](const timespec& time) {
      return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
    };
    timespec next, before, after;
    clock_gettime(CLOCK_MONOTONIC, &next);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &before);
    for (int i = 0; i < kWakeUps; ++i) {
      next.tv_nsec += kPeriod;
      if (next.tv_nsec >= 1'000'000'000) next = {next.tv_sec + 1, next.tv_nsec - 1'000'000'000};
      clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, nullptr);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &after);
    used = seconds(after) - seconds(before);
  });
  sleeper.join();
  ends = true;
  busy.join();
  return used / kWakeUps;
}

void write_samples(SamplesFile& samples, const Slice& slice) {
  const std::string slice_text = slice.microseconds == 0 ? "none" : absl::StrCat(slice.microseconds, " us");
  const std::string workload = absl::StrCat(kWorkload, ", slice ", slice_text);
  for (std::size_t i = 0; i < slice.cpu.size(); ++i) {
    samples.add(workload, "preempt", "cpu time of preempting / work", "%", Better::kLower, slice.cpu[i]);
    samples.add(workload, "preempt", "cpu time of the watchdog / work", "%", Better::kLower, slice.watchdog[i]);
    samples.add(workload, "preempt", "preemptions", "1/s", Better::kNeither, slice.preemptions[i]);
    samples.add(workload, "preempt", "wake-ups of the watchdog", "1/s", Better::kLower, slice.wakeups[i]);
  }
}

}  // namespace

// Every repetition has a plan of its own, on which the slices take turns.
void measure_watchdog(Measurement& measurement) {
  const double seconds = measurement.quick() ? 2 : 10;
  std::vector<Slice> slices = {{"none", 0}, {"10 ms", 10'000}, {"1 ms", 1'000, 1}, {"300 us", 300}, {"100 us", 100, 8}};
  const OneCpu one;
  std::vector<double> wake_ups;
  {
    const Progress progress;
    for (int repetition = 1; repetition <= measurement.repetitions; ++repetition) {
      const Plan plan = bimodal_plan(seconds, static_cast<std::uint64_t>(repetition));
      wake_ups.push_back(bare_wake_up(one));
      double none_cpu = 0;
      for (Slice& slice : slices) {
        progress.show(repetition, measurement.repetitions, absl::StrCat("cpu time, slice ", slice.name));
        double cpu = 0;
        measure(slice, none_cpu, plan, one, cpu, seconds);
        if (slice.microseconds == 0) none_cpu = cpu;
      }
    }
  }
  std::printf("%s, %g s on one cpu, %d repetitions; in per cent of the work.\n\n", kWorkload, seconds,
              measurement.repetitions);
  MarkdownTable table(
      {"slice", "more cpu time than without", "quartiles", "of it the watchdog's", "its wake-ups/s", "preemptions/s"});
  for (const Slice& slice : slices) {
    table.add({slice.name, number(median(slice.cpu)) + " %", quartiles_text(slice.cpu),
               number(median(slice.watchdog)) + " %", number(median(slice.wakeups)),
               number(median(slice.preemptions))});
    write_samples(measurement.samples, slice);
  }
  table.print(stdout);
  const double wake_up = median(wake_ups);
  std::printf(
      "\nA thread that wakes by itself beside a busy one takes %s us of cpu time for it; %s wake-ups a second are "
      "1 %% of the work.\n\n",
      number(1e6 * wake_up).c_str(), number(0.01 * kLoad / wake_up).c_str());
  for (const Slice& slice : slices) {
    if (slice.goal_percent > 0) {
      print_goal("cpu time of preempting / work, slice " + slice.name, median(slice.cpu), " %", slice.goal_percent);
    }
  }
}

}  // namespace preempt::bench
