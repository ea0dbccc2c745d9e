// Suspended bodies. A body keeps its stack and its thread and gives its place away; resuming it wakes the thread.
#include <atomic>

#include "parking.h"
#include "thread_data.h"

namespace tbb::detail::r1 {

struct suspend_point_type {
  std::atomic<bool> resumed{false};

  void wait() {
    while (!resumed.load(std::memory_order_acquire)) {
      wait_on(this, 0, [this] { return !resumed.load(std::memory_order_seq_cst); });
    }
  }
};

namespace {

// The thread's own; of a thread that is not suspended only a name.
suspend_point_type& point_of_thread() {
  static thread_local suspend_point_type it;
  return it;
}

// Of a suspension in a callback of another one on the same thread.
thread_local int suspensions = 0;

}  // namespace

// The callback may resume at once, or keep the point for anybody else to do it.
void suspend(suspend_callback_type callback, void* user_callback) {
  thread_data& self = thread_data::attached();
  suspend_point_type nested;
  suspend_point_type& point = suspensions++ == 0 ? point_of_thread() : nested;
  point.resumed.store(false, std::memory_order_relaxed);
  callback(user_callback, &point);
  --suspensions;
  if (point.resumed.load(std::memory_order_acquire)) return;
  const bool counts = self.is_present();
  if (counts) self.now.in->sleep(*self.now.as);
  point.wait();
  if (counts) self.now.in->wake(*self.now.as);
}

void resume(suspend_point_type* point) {
  point->resumed.store(true, std::memory_order_seq_cst);
  wake_all(point);
}

suspend_point_type* current_suspend_point() { return &point_of_thread(); }

}  // namespace tbb::detail::r1
