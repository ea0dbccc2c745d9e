// What happens when, in order of time; what happens at the same time happens in the order in which it was planned.
#ifndef PREEMPT_BENCH_MODEL_EVENT_QUEUE_H_
#define PREEMPT_BENCH_MODEL_EVENT_QUEUE_H_

#include <cstdint>
#include <queue>
#include <tuple>
#include <vector>

namespace preempt::bench::model {

using Nanos = std::int64_t;

template <class Event>
class EventQueue {
 public:
  void plan(Nanos when, Event event) { entries_.push({when, planned_++, event}); }

  bool empty() const { return entries_.empty(); }
  Nanos now() const { return now_; }

  // Moves the time on to the next event.
  Event next() {
    const Entry entry = entries_.top();
    entries_.pop();
    now_ = entry.when;
    return entry.event;
  }

 private:
  struct Entry {
    Nanos when;
    std::uint64_t number;
    Event event;
    bool operator<(const Entry& other) const {  // the largest is on top
      return std::tie(when, number) > std::tie(other.when, other.number);
    }
  };

  std::priority_queue<Entry> entries_;
  std::uint64_t planned_ = 0;
  Nanos now_ = 0;
};

}  // namespace preempt::bench::model

#endif  // PREEMPT_BENCH_MODEL_EVENT_QUEUE_H_
