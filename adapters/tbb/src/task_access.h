// The words that a task and a wait_context keep for the runtime.
#ifndef PREEMPT_ADAPTERS_TBB_TASK_ACCESS_H_
#define PREEMPT_ADAPTERS_TBB_TASK_ACCESS_H_

#include <cstdint>

#include "headers.h"
#include "task_deque.h"

namespace tbb::detail::r1 {

struct task_accessor {
  static void set_entry(d1::task& task, d1::task_group_context& context, std::intptr_t isolation) {
    task.m_reserved[0] = reinterpret_cast<std::uint64_t>(&context);
    task.m_reserved[1] = static_cast<std::uint64_t>(isolation);
  }
  static task_entry entry(d1::task& task) {
    return {&task, reinterpret_cast<d1::task_group_context*>(task.m_reserved[0]),
            static_cast<std::intptr_t>(task.m_reserved[1])};
  }

  // The one behind it in a list.
  static d1::task* next(const d1::task& task) { return reinterpret_cast<d1::task*>(task.m_reserved[2]); }
  static void set_next(d1::task& task, d1::task* next) { task.m_reserved[2] = reinterpret_cast<std::uint64_t>(next); }
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_TASK_ACCESS_H_
