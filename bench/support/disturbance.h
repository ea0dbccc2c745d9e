// How much of the machine others took while something was measured: figures of a busy machine are worth nothing.
#ifndef PREEMPT_BENCH_SUPPORT_DISTURBANCE_H_
#define PREEMPT_BENCH_SUPPORT_DISTURBANCE_H_

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

namespace preempt::bench {

// Cpu time that a clock of clock_gettime(2) shows.
inline double cpu_seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Cpu time of all children that have ended and been waited for.
inline double cpu_seconds_of_children() {
  rusage usage = {};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Disturbance {
 public:
  // Average number of cpus that other processes and the hypervisor have had since the construction.
  double cpus() const {
    const Sample now = sample();
    const double others = (now.machine - start_.machine) - (now.process - start_.process);
    return others <= 0 ? 0 : others / (now.wall - start_.wall);
  }

  // Prints one line, with a warning when it is too much for the figures to be trusted.
  void print(std::FILE* out) const {
    constexpr double kTolerable = 0.05;
    const double taken = cpus();
    std::fprintf(out, "Other processes and the hypervisor took %.2f of a cpu%s\n", taken,
                 taken > kTolerable ? ": THE MACHINE WAS BUSY, do not trust these figures." : ".");
  }

 private:
  struct Sample {
    double machine = 0;  // cpu seconds that were not idle, all cpus
    double process = 0;  // with its children
    double wall = 0;
  };

  // The first line of /proc/stat, see proc_stat(5); guest time is part of user time. All zero where it cannot be read.
  static double machine_seconds() {
    double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
    std::FILE* file = std::fopen("/proc/stat", "re");
    if (file == nullptr) return 0;
    const int read = std::fscanf(file, "cpu %lf %lf %lf %lf %lf %lf %lf %lf", &user, &nice, &system, &idle, &iowait,
                                 &irq, &softirq, &steal);
    std::fclose(file);
    if (read != 8) return 0;
    return (user + nice + system + irq + softirq + steal) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }

  static Sample sample() {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now().time_since_epoch();
    return {machine_seconds(), cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) + cpu_seconds_of_children(), wall.count()};
  }

  Sample start_ = sample();
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_DISTURBANCE_H_
