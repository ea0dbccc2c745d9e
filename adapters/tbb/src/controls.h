// The values of global_control in force.
#ifndef PREEMPT_ADAPTERS_TBB_CONTROLS_H_
#define PREEMPT_ADAPTERS_TBB_CONTROLS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <set>

#include "headers.h"

namespace tbb::detail::r1 {

class controls {
 public:
  static controls& get();

  std::size_t value(d1::global_control::parameter parameter) const {
    return active_[parameter].load(std::memory_order_relaxed);
  }
  void add(d1::global_control::parameter parameter, std::size_t value);
  void remove(d1::global_control::parameter parameter, std::size_t value);

 private:
  controls();
  std::size_t chosen(d1::global_control::parameter parameter) const;

  std::mutex mutex_;
  std::array<std::multiset<std::size_t>, d1::global_control::parameter_max> wanted_;
  std::array<std::atomic<std::size_t>, d1::global_control::parameter_max> active_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_CONTROLS_H_
