// Something that one party at a time has, in the order in which they come: a lock, or a cache line that is written.
#ifndef PREEMPT_BENCH_MODEL_SERIAL_RESOURCE_H_
#define PREEMPT_BENCH_MODEL_SERIAL_RESOURCE_H_

#include <algorithm>
#include <vector>

#include "model/event_queue.h"

namespace preempt::bench::model {

class SerialResource {
 public:
  // Called in the order of time. Returns when the caller, who comes now and holds it for so long, is done.
  Nanos use(Nanos now, Nanos hold) {
    const Nanos begin = std::max(now, free_at_);
    waits_.push_back(static_cast<double>(begin - now));
    busy_ += hold;
    return free_at_ = begin + hold;
  }

  Nanos busy() const { return busy_; }
  const std::vector<double>& waits() const { return waits_; }  // nanoseconds

 private:
  Nanos free_at_ = 0;
  Nanos busy_ = 0;
  std::vector<double> waits_;
};

}  // namespace preempt::bench::model

#endif  // PREEMPT_BENCH_MODEL_SERIAL_RESOURCE_H_
