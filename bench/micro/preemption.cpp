// What one preemption costs, beside what the kernel's part of it costs alone.
#include <benchmark/benchmark.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <thread>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/affinity.h"
#include "support/disturbance.h"
#include "support/work.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kHogs = 2;
constexpr std::uint64_t kRoundsPerUnit = 100;

enum class Hogs {
  kPinned,      // preempted by a thread switch
  kMigratable,  // preempted by a fiber switch
};

// Relaxed: a flag that carries no data.
std::atomic<bool> stop_hogs;

struct alignas(64) Units {
  std::uint64_t done = 0;
};

// Marked, which is harmless for pinned tasks, so that both kinds run the same instructions.
PREEMPT_SIGNAL_SAFE void hog(Units& units) {
  std::uint64_t done = 0;
  for (; !stop_hogs.load(std::memory_order_relaxed); ++done) work_rounds(kRoundsPerUnit);
  units.done = done;
}

struct Outcome {
  double units = 0;
  double seconds = 0;
  double cpu_seconds = 0;  // of the executor's threads: this one sleeps meanwhile
  double preemptions = 0;
  double signals = 0;
  double watchdog_wakeups = 0;
};

// Lets two hogs compute on one processor and counts their work. The pool's threads are all on one cpu: what the
// preempting itself computes is taken from the hogs, as on a machine without idle cpus.
Outcome run_hogs(Options options, Hogs kind, const CpuSplit& cpus) {
  constexpr auto kDuration = std::chrono::milliseconds(100);
  std::array<Units, kHogs> units;
  stop_hogs.store(false, std::memory_order_relaxed);
  options.processors = 1;
  options.slice_growth = 1;
  options.migratable = kind == Hogs::kMigratable;
  const AffinityScope workers(cpus.workers);
  Executor executor(options);
  const AffinityScope feeder(cpus.feeder);
  const auto start = Clock::now();
  const double cpu_start = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (Units& each : units) executor.execute([&each] { hog(each); });
  std::this_thread::sleep_for(kDuration);
  const std::chrono::duration<double> elapsed = Clock::now() - start;
  const double cpu = cpu_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
  const Stats stats = executor.stats();
  stop_hogs.store(true, std::memory_order_relaxed);
  executor.drain();
  Outcome outcome;
  for (const Units& each : units) outcome.units += static_cast<double>(each.done);
  outcome.seconds = elapsed.count();
  outcome.cpu_seconds = cpu;
  outcome.preemptions = static_cast<double>(stats.thread_preemptions + stats.fiber_preemptions);
  outcome.signals = static_cast<double>(stats.signals_sent);
  outcome.watchdog_wakeups = static_cast<double>(stats.watchdog_wakeups);
  return outcome;
}

// Work that was lost, divided by the preemptions that happened: cost_ns by the clock on the wall, which also sees a cpu
// that idles during a switch; cpu_ns by cpu time, which does not see what other processes take.
template <Hogs kKind>
void two_hogs(benchmark::State& state) {
  const Options preempted{.time_slice = std::chrono::microseconds(state.range(0))};
  const Options undisturbed{.preemption = Preemption::kNone};
  const CpuSplit cpus = split_cpus(1);
  double lost_seconds = 0, lost_cpu_seconds = 0;
  Outcome sum;
  for (auto _ : state) {
    const Outcome without = run_hogs(undisturbed, kKind, cpus);
    const Outcome with = run_hogs(preempted, kKind, cpus);
    lost_seconds += with.seconds - with.units * without.seconds / without.units;
    lost_cpu_seconds += with.cpu_seconds - with.units * without.cpu_seconds / without.units;
    sum.seconds += with.seconds;
    sum.preemptions += with.preemptions;
    sum.signals += with.signals;
    sum.watchdog_wakeups += with.watchdog_wakeups;
  }
  if (sum.preemptions == 0) {
    state.SkipWithError("no preemption happened");
    return;
  }
  state.counters["cost_ns"] = 1e9 * lost_seconds / sum.preemptions;
  state.counters["cpu_ns"] = 1e9 * lost_cpu_seconds / sum.preemptions;
  state.counters["lost_percent"] = 100 * lost_seconds / sum.seconds;
  state.counters["preemptions_per_second"] = sum.preemptions / sum.seconds;
  state.counters["signals_each"] = sum.signals / sum.preemptions;
  state.counters["wakeups_each"] = sum.watchdog_wakeups / sum.preemptions;
}

// tgkill to oneself, the handler's entry, sigreturn.
void bare_signal(benchmark::State& state) {
  struct sigaction action = {}, former;
  action.sa_handler = [](int) {};
  sigemptyset(&action.sa_mask);
  sigaction(SIGUSR1, &action, &former);
  const pid_t process = getpid(), thread = gettid();
  for (auto _ : state) tgkill(process, thread, SIGUSR1);
  sigaction(SIGUSR1, &former, nullptr);
  state.SetItemsProcessed(state.iterations());
}

// Two threads that wake each other in turn: each turn is one futex wake, one wait, one context switch.
class FutexTurns {
 public:
  void wait_for(int turn) {
    // Acquire: pairs with the release in give(), below.
    for (int now; (now = turn_.load(std::memory_order_acquire)) != turn;) futex(FUTEX_WAIT_PRIVATE, now);
  }

  void give(int turn) {
    // Release: pairs with the acquire in wait_for(), above.
    turn_.store(turn, std::memory_order_release);
    futex(FUTEX_WAKE_PRIVATE, 1);
  }

 private:
  void futex(int operation, int value) { syscall(SYS_futex, &turn_, operation, value, nullptr, nullptr, 0); }

  std::atomic<int> turn_ = 0;
};

void bare_handover(benchmark::State& state) {
  const CpuSplit cpus = split_cpus(1);
  const AffinityScope scope(cpus.workers);
  constexpr int kMine = 0, kTheirs = 1;
  FutexTurns turns;
  std::atomic<bool> ending = false;  // relaxed: ordered by the turns
  std::thread other([&] {
    for (;;) {
      turns.wait_for(kTheirs);
      if (ending.load(std::memory_order_relaxed)) return;
      turns.give(kMine);
    }
  });
  for (auto _ : state) {
    turns.give(kTheirs);
    turns.wait_for(kMine);
  }
  ending.store(true, std::memory_order_relaxed);
  turns.give(kTheirs);
  other.join();
  state.SetItemsProcessed(2 * state.iterations());
}

void slices(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("slice_us")->Arg(100)->Arg(1000)->Iterations(5)->UseRealTime();
}

BENCHMARK(two_hogs<Hogs::kPinned>)->Name("two_hogs/pinned")->Apply(slices);
BENCHMARK(two_hogs<Hogs::kMigratable>)->Name("two_hogs/migratable")->Apply(slices);
BENCHMARK(bare_signal)->Name("floor/signal")->UseRealTime();
BENCHMARK(bare_handover)->Name("floor/handover")->UseRealTime();

}  // namespace
}  // namespace preempt::bench
