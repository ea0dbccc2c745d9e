// A simulated machine of many processors under preempt's scheduler, to see which of its parts that exist once would be
// too slow for how many processors. Every step takes the time that it was measured to take.
#ifndef PREEMPT_BENCH_MODEL_MACHINE_H_
#define PREEMPT_BENCH_MODEL_MACHINE_H_

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <random>
#include <vector>

#include "model/event_queue.h"
#include "model/serial_resource.h"

namespace preempt::bench::model {

// Nanoseconds. The defaults are those of the machine that bench/README.md names; `model --measure` prints a machine's.
struct Costs {
  Nanos push = 120;            // into the inject queue: its cache line comes from another cpu, is swapped and left
  Nanos take = 150;            // everything out of it
  Nanos link = 5;              // for each task that was taken: the list is turned round
  Nanos steal = 500;           // half of another run queue
  Nanos dispatch = 60;         // begin of a burst
  Nanos look = 60;             // the watchdog's at one processor: two cache lines of another cpu
  Nanos state = 2'800;         // a look into /proc: does the worker compute or sleep?
  Nanos send = 8'000;          // tgkill to a thread on another cpu
  Nanos arrive = 14'000;       // from then on to the signal's handler
  Nanos stop = 10'000;         // the switch itself, and what the caches lose
  Nanos timer = 20'000;        // how late the kernel wakes a thread by a timer beside busy ones
  Nanos wakeup = 5'000;        // cpu time of that
  Nanos unpark = 29'000;       // until a parked worker on an idle cpu runs
  Nanos timer_signal = 3'000;  // a timer of the thread's own: signal and handler, on its own cpu
};

// Short tasks and long ones.
struct Tasks {
  Nanos short_length = 100'000;
  Nanos long_length = 50'000'000;
  double long_share = 0.005;

  double mean() const {
    return (1 - long_share) * static_cast<double>(short_length) + long_share * static_cast<double>(long_length);
  }
};

// Who notices that a slice is over.
enum class Clock {
  kWatchdogs,  // a thread for every so many processors
  kTimers,     // a timer of each worker's thread, which signals itself
};

struct Design {
  const char* name = "ours: one of each";
  Clock clock = Clock::kWatchdogs;
  int processors_of_a_watchdog = 1 << 30;
  int processors_of_an_inject_queue = 1 << 30;
};

struct Setting {
  int processors = 1;
  Nanos slice = 1'000'000;
  double load = 0.7;
  Tasks tasks = {};
  Design design = {};
  Costs costs = {};
  int arrivals = 200'000;  // how many tasks come
  std::uint64_t seed = 1;
};

struct Outcome {
  double watchdog_share = 0;          // of the time that the busiest one is busy; of timers: of all cpu time
  std::vector<double> lateness;       // nanoseconds from when a preemption is due to when the task stops
  double inject_share = 0;            // of the time that the busiest queue's cache line is in use
  std::vector<double> inject_waits;   // nanoseconds that pushers and takers wait for it
  std::vector<double> short_latency;  // nanoseconds from the arrival of a short task to its end
  double seconds = 0;                 // simulated
};

class Machine {
 public:
  explicit Machine(const Setting& setting);

  // To the end of the last task.
  Outcome run();

 private:
  static constexpr int kLevels = 4;
  static constexpr int kGrowth = 4;  // of the slice, from level to level
  static constexpr int kNone = -1;
  static constexpr Nanos kNever = std::numeric_limits<Nanos>::max();

  enum class What { kArrival, kPushed, kSeek, kTaken, kEnd, kLook, kSignal, kTimer };
  struct Event {
    What what;
    int subject;              // task, processor or watchdog
    int inject_queue = 0;     // of kPushed and kTaken
    std::uint64_t burst = 0;  // of kEnd, kSignal and kTimer: nothing if another one runs meanwhile
  };

  struct Task {
    Nanos arrival;
    Nanos left;
    bool is_short;
    int level = 0;
    Nanos used = 0;  // of its slice
  };

  struct Processor {
    std::array<std::deque<int>, kLevels> queue;
    int running = kNone;
    Nanos since = 0;
    std::uint64_t burst = 0;
    std::uint64_t seen = 0;   // the burst at the watchdog's last look
    std::uint64_t asked = 0;  // the burst that it last asked to stop
  };

  struct InjectQueue {
    SerialResource line;
    std::deque<int> tasks;
  };

  struct Watchdog {
    int first = 0, last = 0;  // its processors, the last one not included
    Nanos busy = 0;
    Nanos period = kFirstPeriod;
    Nanos looks_at = 0;       // the next time
    std::uint64_t looks = 0;  // how many were planned: an earlier one takes the place of a later one
    bool sleeps = true;       // without end: who brings work rings
  };

  static constexpr Nanos kFirstPeriod = 50'000;  // as core/watchdog.h

  void happen(const Event& event);
  void arrive();
  void pushed(int task, int inject_queue);
  void wake_idle();
  void ring();
  void request();
  void plan_look(int number, Nanos when);
  void send_signal(int id, Nanos delay);
  void seek(int id);
  bool run_own(int id, int level);
  bool take(int id);
  void taken(int id, int inject_queue);
  bool steal(int id, int level);
  void dispatch(int id, int task, Nanos delay);
  void end(int id);
  void look(Watchdog& watchdog, int number);
  Nanos look_at(Watchdog& watchdog, int id, Nanos& spent);
  void timer(int id);
  void stop(int id);
  void put_back(Processor& processor);
  void wait_begins(int level);
  void wait_ends(int level) { --waiting_[static_cast<std::size_t>(level)]; }
  // Since when something waits at a level above `level`; kNever: nothing.
  Nanos waits_since(int level) const;
  bool anything_waits() const { return waits_since(kLevels) != kNever; }

  int home(int id) const { return id / processors_of_an_inject_queue_; }
  Nanos slice(int level) const;
  Nanos due_at(const Processor& processor) const;
  Nanos shortest_burst() const;
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1p-53; }

  const Setting setting_;
  const int processors_of_an_inject_queue_;
  std::mt19937_64 random_;
  EventQueue<Event> events_;
  std::vector<Task> tasks_;
  std::vector<Processor> processors_;
  std::vector<int> idle_;
  std::vector<InjectQueue> inject_queues_;
  std::vector<Watchdog> watchdogs_;
  std::array<int, kLevels> in_run_queues_ = {};
  int in_inject_queues_ = 0;
  std::array<int, kLevels> waiting_ = {};  // tasks in queues, being moved included
  std::array<Nanos, kLevels> since_ = {};
  int left_ = 0;
  std::uint64_t timers_fired_ = 0;
  Outcome outcome_;
};

}  // namespace preempt::bench::model

#endif  // PREEMPT_BENCH_MODEL_MACHINE_H_
