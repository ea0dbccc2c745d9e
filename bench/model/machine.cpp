#include "model/machine.h"

#include <algorithm>
#include <cmath>

namespace preempt::bench::model {
namespace {

constexpr Nanos kShortestBurst = 100'000;     // before a task of a lower level gives way to a better one
constexpr Nanos kLongestPeriod = 10'000'000;  // of the watchdog, as core/watchdog.h
constexpr Nanos kSwitchTime = 20'000;
constexpr std::size_t kMostLooks = 8;  // of a submitter at processors, as core/submitting.cpp

}  // namespace

Machine::Machine(const Setting& setting)
    : setting_(setting),
      processors_of_an_inject_queue_(std::min(setting.processors, setting.design.processors_of_an_inject_queue)),
      random_(setting.seed),
      processors_(static_cast<std::size_t>(setting.processors)),
      left_(setting.arrivals) {
  const int all = setting.processors;
  inject_queues_.resize(static_cast<std::size_t>((all - 1) / processors_of_an_inject_queue_ + 1));
  const int watched = std::min(all, setting.design.processors_of_a_watchdog);
  for (int first = 0; first < all; first += watched) {
    Watchdog watchdog;
    watchdog.first = first;
    watchdog.last = std::min(all, first + watched);
    watchdogs_.push_back(watchdog);
  }
  for (int id = all; id-- > 0;) idle_.push_back(id);
}

Outcome Machine::run() {
  events_.plan(0, {What::kArrival, 0});
  while (left_ > 0) happen(events_.next());
  const double time = static_cast<double>(std::max<Nanos>(1, events_.now()));
  outcome_.seconds = 1e-9 * time;
  for (const InjectQueue& each : inject_queues_) {
    outcome_.inject_share = std::max(outcome_.inject_share, static_cast<double>(each.line.busy()) / time);
    outcome_.inject_waits.insert(outcome_.inject_waits.end(), each.line.waits().begin(), each.line.waits().end());
  }
  for (const Watchdog& each : watchdogs_) {
    outcome_.watchdog_share = std::max(outcome_.watchdog_share, static_cast<double>(each.busy) / time);
  }
  if (setting_.design.clock == Clock::kTimers) {
    outcome_.watchdog_share = static_cast<double>(timers_fired_) * static_cast<double>(setting_.costs.timer_signal) /
                              (time * setting_.processors);
  }
  return std::move(outcome_);
}

void Machine::happen(const Event& event) {
  const auto same_burst = [&] {
    const Processor& processor = processors_[static_cast<std::size_t>(event.subject)];
    return processor.running != kNone && processor.burst == event.burst;
  };
  switch (event.what) {
    case What::kArrival:
      return arrive();
    case What::kPushed:
      return pushed(event.subject, event.inject_queue);
    case What::kSeek:
      return seek(event.subject);
    case What::kTaken:
      return taken(event.subject, event.inject_queue);
    case What::kEnd:
      if (same_burst()) end(event.subject);
      return;
    case What::kLook:
      if (watchdogs_[static_cast<std::size_t>(event.subject)].looks == event.burst) {
        look(watchdogs_[static_cast<std::size_t>(event.subject)], event.subject);
      }
      return;
    case What::kSignal:
      if (same_burst()) stop(event.subject);
      return;
    case What::kTimer:
      if (same_burst()) timer(event.subject);
      return;
  }
}

// Poisson, whatever the machine does with it.
void Machine::arrive() {
  const Tasks& kinds = setting_.tasks;
  const bool is_long = uniform() < kinds.long_share;
  const int task = static_cast<int>(tasks_.size());
  tasks_.push_back({events_.now(), is_long ? kinds.long_length : kinds.short_length, !is_long});
  const std::size_t queue = random_() % inject_queues_.size();
  const Nanos done = inject_queues_[queue].line.use(events_.now(), setting_.costs.push);
  events_.plan(done, {What::kPushed, task, static_cast<int>(queue)});
  if (task + 1 == setting_.arrivals) return;
  const double gap = -std::log1p(-uniform()) * kinds.mean() / (setting_.load * setting_.processors);
  events_.plan(events_.now() + static_cast<Nanos>(gap), {What::kArrival, 0});
}

void Machine::pushed(int task, int inject_queue) {
  inject_queues_[static_cast<std::size_t>(inject_queue)].tasks.push_back(task);
  ++in_inject_queues_;
  wait_begins(0);
  wake_idle();
}

void Machine::wait_begins(int level) {
  const auto index = static_cast<std::size_t>(level);
  if (waiting_[index]++ == 0) since_[index] = events_.now();
}

Nanos Machine::waits_since(int level) const {
  Nanos first = kNever;
  for (std::size_t better = 0; better < static_cast<std::size_t>(level); ++better) {
    if (waiting_[better] > 0) first = std::min(first, since_[better]);
  }
  return first;
}

// An idle processor if there is one, otherwise whoever may stop a task.
void Machine::wake_idle() {
  if (idle_.empty()) {
    ring();
    return request();
  }
  const int id = idle_.back();
  idle_.pop_back();
  events_.plan(events_.now() + setting_.costs.unpark, {What::kSeek, id});
}

void Machine::ring() {
  if (setting_.design.clock == Clock::kTimers) return;
  for (std::size_t i = 0; i < watchdogs_.size(); ++i) {
    if (watchdogs_[i].sleeps) plan_look(static_cast<int>(i), events_.now() + setting_.costs.unpark);
  }
}

void Machine::plan_look(int number, Nanos when) {
  Watchdog& watchdog = watchdogs_[static_cast<std::size_t>(number)];
  watchdog.sleeps = false;
  watchdog.looks_at = when;
  events_.plan(when, {What::kLook, number, 0, ++watchdog.looks});
}

// The submitter of a fresh task looks for one of a lower level itself: stops it, or has the watchdog do so in time.
void Machine::request() {
  for (std::size_t id = 0; id < std::min(kMostLooks, processors_.size()); ++id) {
    Processor& processor = processors_[id];
    if (processor.running == kNone || tasks_[static_cast<std::size_t>(processor.running)].level == 0) continue;
    if (processor.asked == processor.burst) continue;
    const Nanos when = processor.since + shortest_burst();
    if (when <= events_.now()) return send_signal(static_cast<int>(id), setting_.costs.state + setting_.costs.send);
    if (setting_.design.clock == Clock::kTimers) {  // the victim's, set to an earlier date
      processor.asked = processor.burst;
      return events_.plan(when + setting_.costs.timer_signal,
                          {What::kSignal, static_cast<int>(id), 0, processor.burst});
    }
    const int number = static_cast<int>(id) / (watchdogs_[0].last - watchdogs_[0].first);
    const Nanos look_at = when + setting_.costs.timer;
    if (look_at < watchdogs_[static_cast<std::size_t>(number)].looks_at) plan_look(number, look_at);
    return;
  }
}

void Machine::send_signal(int id, Nanos delay) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  processor.asked = processor.burst;
  events_.plan(events_.now() + delay + setting_.costs.arrive, {What::kSignal, id, 0, processor.burst});
}

// Level by level: its own, what came from outside, another processor's.
void Machine::seek(int id) {
  for (int level = 0; level < kLevels; ++level) {
    if (run_own(id, level) || (level == 0 && take(id)) || steal(id, level)) return;
  }
  idle_.push_back(id);
}

bool Machine::run_own(int id, int level) {
  std::deque<int>& queue = processors_[static_cast<std::size_t>(id)].queue[static_cast<std::size_t>(level)];
  if (queue.empty()) return false;
  const int task = queue.front();
  queue.pop_front();
  --in_run_queues_[static_cast<std::size_t>(level)];
  wait_ends(level);
  dispatch(id, task, 0);
  return true;
}

// Its own inject queue first, then the others.
bool Machine::take(int id) {
  if (in_inject_queues_ == 0) return false;
  for (std::size_t i = 0; i < inject_queues_.size(); ++i) {
    const std::size_t queue = (static_cast<std::size_t>(home(id)) + i) % inject_queues_.size();
    if (inject_queues_[queue].tasks.empty()) continue;
    const Nanos done = inject_queues_[queue].line.use(events_.now(), setting_.costs.take);
    events_.plan(done, {What::kTaken, id, static_cast<int>(queue)});
    return true;
  }
  return false;
}

void Machine::taken(int id, int inject_queue) {
  std::deque<int>& from = inject_queues_[static_cast<std::size_t>(inject_queue)].tasks;
  if (from.empty()) return seek(id);  // another one was faster
  const int count = static_cast<int>(from.size());
  const int task = from.front();
  from.pop_front();
  std::deque<int>& own = processors_[static_cast<std::size_t>(id)].queue[0];
  own.insert(own.end(), from.begin(), from.end());
  from.clear();
  in_inject_queues_ -= count;
  in_run_queues_[0] += count - 1;
  wait_ends(0);
  dispatch(id, task, count * setting_.costs.link);
  if (count > 1 && !idle_.empty()) wake_idle();  // to steal
}

// Half of the longest queue of this level.
bool Machine::steal(int id, int level) {
  const auto index = static_cast<std::size_t>(level);
  if (in_run_queues_[index] == 0) return false;
  const auto longest = std::max_element(
      processors_.begin(), processors_.end(),
      [index](const Processor& a, const Processor& b) { return a.queue[index].size() < b.queue[index].size(); });
  std::deque<int>& from = longest->queue[index];
  const auto half = static_cast<std::ptrdiff_t>((from.size() + 1) / 2);
  const int task = from.front();
  std::deque<int>& own = processors_[static_cast<std::size_t>(id)].queue[index];
  own.insert(own.end(), from.begin() + 1, from.begin() + half);
  from.erase(from.begin(), from.begin() + half);
  --in_run_queues_[index];
  wait_ends(level);
  dispatch(id, task, setting_.costs.steal);
  if (half > 1 && !idle_.empty()) wake_idle();
  return true;
}

void Machine::dispatch(int id, int task, Nanos delay) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  processor.running = task;
  processor.since = events_.now() + delay + setting_.costs.dispatch;
  ++processor.burst;
  events_.plan(processor.since + tasks_[static_cast<std::size_t>(task)].left, {What::kEnd, id, 0, processor.burst});
  if (setting_.design.clock == Clock::kTimers) {
    const Task& begun = tasks_[static_cast<std::size_t>(task)];
    const Nanos over = processor.since + slice(begun.level) - begun.used;
    events_.plan(over + setting_.costs.timer_signal, {What::kTimer, id, 0, processor.burst});
  }
}

void Machine::end(int id) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  const Task& task = tasks_[static_cast<std::size_t>(processor.running)];
  if (task.is_short) outcome_.short_latency.push_back(static_cast<double>(events_.now() - task.arrival));
  processor.running = kNone;
  --left_;
  seek(id);
}

Nanos Machine::slice(int level) const {
  Nanos slice = setting_.slice;
  for (int i = 0; i < level; ++i) slice *= kGrowth;
  return slice;
}

Nanos Machine::shortest_burst() const { return std::max(kShortestBurst, setting_.slice / 8); }

// The end of the slice, if anything waits; earlier for a better task.
Nanos Machine::due_at(const Processor& processor) const {
  const Task& task = tasks_[static_cast<std::size_t>(processor.running)];
  const Nanos anything_since = waits_since(kLevels), better_since = waits_since(task.level);
  if (anything_since == kNever) return kNever;
  const Nanos over = std::max(processor.since + slice(task.level) - task.used, anything_since);
  if (better_since == kNever) return over;
  return std::min(over, std::max(processor.since + shortest_burst(), better_since));
}

// One turn of core/watchdog.cpp: all its processors, one after the other, then sleep until the first of them is due.
void Machine::look(Watchdog& watchdog, int number) {
  if (!anything_waits()) {
    watchdog.busy += setting_.costs.wakeup;
    watchdog.sleeps = true;
    watchdog.looks_at = kNever;
    watchdog.period = kFirstPeriod;
    return;
  }
  const Nanos now = events_.now();
  Nanos spent = setting_.costs.wakeup;
  Nanos next = kNever;
  for (int id = watchdog.first; id < watchdog.last; ++id) next = std::min(next, look_at(watchdog, id, spent));
  watchdog.busy += spent;
  const Nanos longest = std::clamp(setting_.slice + kSwitchTime, kFirstPeriod, kLongestPeriod);
  watchdog.period = std::min(watchdog.period, longest);
  const Nanos wake_at = std::max(std::min(next, now + watchdog.period), now + kFirstPeriod / 2);
  watchdog.period = std::min(watchdog.period * 2, longest);
  // Late by itself already: it does not sleep at all.
  plan_look(number, wake_at <= now + spent ? now + spent : wake_at + setting_.costs.timer);
}

// Returns when to look again.
Nanos Machine::look_at(Watchdog& watchdog, int id, Nanos& spent) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  spent += setting_.costs.look;
  if (processor.running == kNone) return kNever;
  const Nanos now = events_.now();
  const Nanos due = due_at(processor);
  const bool same = processor.burst == processor.seen;
  processor.seen = processor.burst;
  if (due > now) {
    if (same) spent += setting_.costs.state;
    return due;
  }
  spent += setting_.costs.state;
  if (processor.asked != processor.burst) {
    spent += setting_.costs.send;
    send_signal(id, spent);
    watchdog.period = kFirstPeriod;
  }
  return now + kShortestBurst + kSwitchTime;
}

// Of its own thread: no look and no signal from another cpu, but it also fires for nothing.
void Machine::timer(int id) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  ++timers_fired_;
  if (due_at(processor) <= events_.now()) return stop(id);
  events_.plan(events_.now() + setting_.slice, {What::kTimer, id, 0, processor.burst});
}

void Machine::stop(int id) {
  Processor& processor = processors_[static_cast<std::size_t>(id)];
  const Nanos now = events_.now(), due = due_at(processor);
  if (due > now || now <= processor.since) {  // what waited runs elsewhere by now
    processor.asked = 0;
    return;
  }
  outcome_.lateness.push_back(static_cast<double>(now - due));
  put_back(processor);
  events_.plan(now + setting_.costs.stop, {What::kSeek, id});
}

// One that used its slice goes down a level; any other one is the next of its own.
void Machine::put_back(Processor& processor) {
  const int number = processor.running;
  Task& task = tasks_[static_cast<std::size_t>(number)];
  const Nanos ran = events_.now() - processor.since;
  processor.running = kNone;
  task.left -= ran;
  task.used += ran;
  const bool used_up = task.used >= slice(task.level);
  if (used_up) {
    task.level = std::min(task.level + 1, kLevels - 1);
    task.used = 0;
  }
  std::deque<int>& queue = processor.queue[static_cast<std::size_t>(task.level)];
  queue.insert(used_up ? queue.end() : queue.begin(), number);
  ++in_run_queues_[static_cast<std::size_t>(task.level)];
  wait_begins(task.level);
}

}  // namespace preempt::bench::model
