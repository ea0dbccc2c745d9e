#include "model/measure.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "support/affinity.h"
#include "support/statistics.h"

namespace preempt::bench::model {
namespace {

constexpr int kTries = 500;

// Not the library's: the signal's handler may call it.
Nanos now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return Nanos{1'000'000'000} * time.tv_sec + time.tv_nsec;
}

Nanos median_of(std::vector<double> values) { return static_cast<Nanos>(median(std::move(values))); }

// Two threads that swap the same word as fast as they can: the line goes to and fro.
Nanos contended_swap() {
  constexpr int kSwaps = 2'000'000;
  alignas(64) static std::atomic<int> head;
  static std::atomic<int> begun;
  const Nanos start = now();
  const auto swap = [] {
    begun.fetch_add(1);
    while (begun.load() < 2) {
    }
    for (int i = 0; i < kSwaps; ++i) {
      int seen = head.load(std::memory_order_relaxed);
      while (!head.compare_exchange_weak(seen, i)) {
      }
    }
  };
  std::thread other(swap);
  swap();
  other.join();
  return (now() - start) / (2 * kSwaps);
}

// The thread of which the watchdog asks something: it computes on a cpu of its own until the end.
class Computing {
 public:
  Computing() {
    thread_ = std::thread([this] {
      id_.store(static_cast<int>(gettid()));
      while (!stopping_.load(std::memory_order_relaxed)) {
      }
    });
    while (id_.load() == 0) std::this_thread::yield();
  }
  ~Computing() {
    stopping_.store(true);
    thread_.join();
  }

  int id() const { return id_.load(); }

 private:
  std::atomic<int> id_ = 0;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

Nanos look_into_proc(const Computing& thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread.id()) + "/stat";
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::vector<double> times;
  for (int i = 0; i < kTries && file >= 0; ++i) {
    char text[512];
    const Nanos start = now();
    if (pread(file, text, sizeof text, 0) <= 0) break;
    times.push_back(static_cast<double>(now() - start));
  }
  if (file >= 0) close(file);
  return times.empty() ? Costs().state : median_of(times);
}

std::atomic<Nanos> arrived_at = 0;

// How long it takes to send, and from then on until it is there.
void measure_signal(const Computing& thread, Costs& costs) {
  struct sigaction action = {}, former;
  action.sa_handler = [](int) { arrived_at.store(now()); };
  sigaction(SIGUSR1, &action, &former);
  std::vector<double> sending, arriving;
  for (int i = 0; i < kTries; ++i) {
    arrived_at.store(0);
    const Nanos start = now();
    syscall(SYS_tgkill, getpid(), thread.id(), SIGUSR1);
    const Nanos sent = now();
    while (arrived_at.load() == 0) {
    }
    sending.push_back(static_cast<double>(sent - start));
    arriving.push_back(static_cast<double>(std::max<Nanos>(0, arrived_at.load() - sent)));
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  sigaction(SIGUSR1, &former, nullptr);
  costs.send = median_of(sending);
  costs.arrive = median_of(arriving);
}

// With the cpu otherwise in use.
void measure_timer(Costs& costs) {
  std::vector<double> late, cpu;
  const auto cpu_now = [] {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return Nanos{1'000'000'000} * time.tv_sec + time.tv_nsec;
  };
  for (int i = 0; i < kTries; ++i) {
    const Nanos until = now() + 200'000;
    const timespec time = {until / 1'000'000'000, until % 1'000'000'000};
    const Nanos cpu_before = cpu_now();
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
    late.push_back(static_cast<double>(now() - until));
    cpu.push_back(static_cast<double>(cpu_now() - cpu_before));
  }
  costs.timer = median_of(late);
  costs.wakeup = median_of(cpu);
}

// A signal to oneself and its handler.
Nanos own_signal() {
  struct sigaction action = {}, former;
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &former);
  const Nanos start = now();
  for (int i = 0; i < kTries; ++i) syscall(SYS_tgkill, getpid(), gettid(), SIGUSR1);
  const Nanos each = (now() - start) / kTries;
  sigaction(SIGUSR1, &former, nullptr);
  return each;
}

}  // namespace

Costs measure_costs() {
  Costs costs;
  const Cpus cpus = allowed_cpus();
  costs.push = contended_swap();
  costs.look = 2 * costs.push;  // two lines that another cpu writes
  costs.timer_signal = own_signal();
  const AffinityScope elsewhere(cpus.size() > 1 ? Cpus{cpus[1]} : cpus);
  const Computing thread;
  const AffinityScope here({cpus[0]});
  costs.state = look_into_proc(thread);
  measure_signal(thread, costs);
  measure_timer(costs);
  return costs;
}

}  // namespace preempt::bench::model
