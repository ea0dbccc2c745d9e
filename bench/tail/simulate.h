// What schedulers would make of a plan if preempting cost nothing: the limits that the measured pools stand beside.
//
// Every function returns the completion time of each request, in the plan's order. The plan is sorted by arrival.
#ifndef PREEMPT_BENCH_TAIL_SIMULATE_H_
#define PREEMPT_BENCH_TAIL_SIMULATE_H_

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <queue>
#include <set>
#include <utility>
#include <vector>

#include "plan.h"

namespace preempt::bench {
namespace simulation {

inline constexpr Nanoseconds kForever = std::numeric_limits<Nanoseconds>::max();

// A request that is not complete.
struct Job {
  std::size_t request = 0;
  Nanoseconds remaining = 0;
  Nanoseconds allowance = kForever;  // until its slice is used up
  int level = 0;

  Nanoseconds next_event() const { return std::min(remaining, allowance); }
};

// Serves the plan with `processors` servers. A policy holds the jobs that wait:
//   void arrive(Job), void expire(Job), void preempted(Job): one more job waits
//   bool empty() const, Job take(): the job to run next
//   bool goes_before(const Job& running) const: take() would replace that job
//   static bool better(const Job& a, const Job& b): which of two running jobs is rather kept
template <class Policy>
class Simulation {
 public:
  Simulation(const Plan& plan, int processors, Policy policy)
      : plan_(plan),
        processors_(static_cast<std::size_t>(processors)),
        policy_(std::move(policy)),
        completions_(plan.size()) {}

  std::vector<Nanoseconds> run() {
    while (arrived_ < plan_.size() || !running_.empty()) {
      advance_to(next_event());
      leave();
      arrive();
      dispatch();
    }
    return completions_;
  }

 private:
  Nanoseconds next_event() const {
    Nanoseconds next = arrived_ < plan_.size() ? plan_[arrived_].arrival : kForever;
    for (const Job& job : running_) next = std::min(next, now_ + job.next_event());
    return next;
  }

  void advance_to(Nanoseconds time) {
    const Nanoseconds elapsed = time - now_;
    now_ = time;
    for (Job& job : running_) {
      job.remaining -= elapsed;
      if (job.allowance != kForever) job.allowance -= elapsed;
    }
  }

  // Takes away those that are complete or have used their slice up.
  void leave() {
    for (std::size_t i = 0; i < running_.size();) {
      const Job job = running_[i];
      if (job.next_event() > 0) {
        ++i;
        continue;
      }
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      if (job.remaining == 0) {
        completions_[job.request] = now_;
      } else {
        policy_.expire(job);
      }
    }
  }

  void arrive() {
    for (; arrived_ < plan_.size() && plan_[arrived_].arrival == now_; ++arrived_) {
      policy_.arrive({.request = arrived_, .remaining = plan_[arrived_].service});
    }
  }

  void dispatch() {
    while (!policy_.empty()) {
      if (running_.size() < processors_) {
        running_.push_back(policy_.take());
        continue;
      }
      const auto worst = std::max_element(running_.begin(), running_.end(), Policy::better);
      if (!policy_.goes_before(*worst)) return;
      const Job victim = std::exchange(*worst, policy_.take());
      policy_.preempted(victim);
    }
  }

  const Plan& plan_;
  std::size_t processors_;
  Policy policy_;
  Nanoseconds now_ = 0;
  std::size_t arrived_ = 0;
  std::vector<Job> running_;
  std::vector<Nanoseconds> completions_;
};

// First in, first out, no preemption: an ordinary pool.
class Fifo {
 public:
  void arrive(Job job) { waiting_.push_back(job); }
  void expire(Job) {}
  void preempted(Job) {}
  bool empty() const { return waiting_.empty(); }
  bool goes_before(const Job&) const { return false; }
  static bool better(const Job&, const Job&) { return false; }

  Job take() {
    const Job job = waiting_.front();
    waiting_.pop_front();
    return job;
  }

 private:
  std::deque<Job> waiting_;
};

// The job with the least work left runs: no policy has a lower mean latency on one processor (Schrage 1968).
class ShortestRemaining {
 public:
  void arrive(Job job) { waiting_.insert(job); }
  void expire(Job) {}
  void preempted(Job job) { waiting_.insert(job); }
  bool empty() const { return waiting_.empty(); }
  bool goes_before(const Job& running) const { return waiting_.begin()->remaining < running.remaining; }
  static bool better(const Job& a, const Job& b) { return a.remaining < b.remaining; }

  Job take() { return waiting_.extract(waiting_.begin()).value(); }

 private:
  struct Order {
    bool operator()(const Job& a, const Job& b) const {
      return std::pair(a.remaining, a.request) < std::pair(b.remaining, b.request);
    }
  };

  std::set<Job, Order> waiting_;
};

// Ours: a job that used its slice up goes to the end of the next level, whose slice is `growth` times longer; one that
// a higher level preempted goes to the front of its own with the rest of its slice.
class Levels {
 public:
  Levels(Nanoseconds slice, int growth) : slice_(slice), growth_(growth) {}

  void arrive(Job job) {
    job.allowance = slice_;
    levels_[0].push_back(job);
  }

  void expire(Job job) {
    job.allowance = slice_of(++job.level);
    levels_[job.level].push_back(job);
  }

  void preempted(Job job) { levels_[job.level].push_front(job); }

  bool empty() const { return levels_.empty(); }
  bool goes_before(const Job& running) const { return levels_.begin()->first < running.level; }
  static bool better(const Job& a, const Job& b) { return a.level < b.level; }

  Job take() {
    const auto highest = levels_.begin();
    const Job job = highest->second.front();
    highest->second.pop_front();
    if (highest->second.empty()) levels_.erase(highest);
    return job;
  }

 private:
  // Never ends before it would overflow.
  Nanoseconds slice_of(int level) const {
    Nanoseconds slice = slice_;
    for (int i = 0; i < level; ++i) slice = slice > kForever / growth_ ? kForever : slice * growth_;
    return slice;
  }

  Nanoseconds slice_;
  int growth_;
  std::map<int, std::deque<Job>> levels_;  // none empty
};

}  // namespace simulation

inline std::vector<Nanoseconds> simulate_fifo(const Plan& plan, int processors) {
  return simulation::Simulation(plan, processors, simulation::Fifo()).run();
}

// Preemptive shortest remaining processing time: the "ideal" of the tables.
inline std::vector<Nanoseconds> simulate_srpt(const Plan& plan, int processors) {
  return simulation::Simulation(plan, processors, simulation::ShortestRemaining()).run();
}

// Levels of growing slices, as preempt's, without its floor for the lowest level.
inline std::vector<Nanoseconds> simulate_levels(const Plan& plan, int processors, Nanoseconds slice, int growth) {
  return simulation::Simulation(plan, processors, simulation::Levels(slice, growth)).run();
}

// All requests progress equally, none faster than one processor: round robin with slices of length zero.
//
// Runs on a clock of its own that shows how much work each present request has been given; a request is complete when
// that clock has moved by its service time.
inline std::vector<Nanoseconds> simulate_processor_sharing(const Plan& plan, int processors) {
  using Completion = std::pair<double, std::size_t>;  // on that clock
  std::priority_queue<Completion, std::vector<Completion>, std::greater<>> present;
  std::vector<Nanoseconds> completions(plan.size());
  double now = 0, served = 0;
  for (std::size_t arrived = 0; arrived < plan.size() || !present.empty();) {
    const double rate = std::min(1.0, processors / std::max<double>(1, static_cast<double>(present.size())));
    const double completion =
        present.empty() ? std::numeric_limits<double>::infinity() : now + (present.top().first - served) / rate;
    const double arrival =
        arrived < plan.size() ? static_cast<double>(plan[arrived].arrival) : std::numeric_limits<double>::infinity();
    const double next = std::min(completion, arrival);
    served = completion <= arrival ? present.top().first : served + (next - now) * rate;
    now = next;
    if (completion <= arrival) {
      completions[present.top().second] = static_cast<Nanoseconds>(now + 0.5);
      present.pop();
    } else {
      present.emplace(served + static_cast<double>(plan[arrived].service), arrived);
      ++arrived;
    }
  }
  return completions;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_TAIL_SIMULATE_H_
