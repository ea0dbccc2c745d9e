// What the runtime knows of a thread: the arena that it is in, and the body that it runs.
#ifndef PREEMPT_ADAPTERS_TBB_THREAD_DATA_H_
#define PREEMPT_ADAPTERS_TBB_THREAD_DATA_H_

#include <cstdint>

#include "arena.h"
#include "fp_environment.h"
#include "headers.h"
#include "observers.h"

namespace tbb::detail::r1 {

// A thread's presence in one arena; saved and replaced while it executes in another.
struct attendance {
  arena* in = nullptr;
  participant* as = nullptr;
  bool is_worker = false;
  int depth = 0;            // bodies on this stack
  index_pool::claim claim;  // of the body at claim_depth
  int claim_depth = 0;
  d1::task_group_context* context = nullptr;  // of the innermost body
  std::intptr_t isolation = 0;
  told_observers told;
  std::uint64_t told_version = 0;
};

struct thread_data {
  attendance now;
  arena* implicit_arena = nullptr;  // of an outside thread
  fp_environment fp{0};             // what this thread last applied, in a wait or as a worker
  unsigned finds = 0;               // tasks found so far
  unsigned victim = 0;              // whom it steals from next

  static thread_data& get();
  static thread_data* get_if_any();
  // The thread ends.
  void end();

  // In an arena: the implicit one if in no other.
  static thread_data& attached() {
    thread_data& self = get();
    if (self.now.in == nullptr) self.attach();
    return self;
  }
  void attach();
  // False: between the waits of an outside thread.
  bool is_present() const { return now.as->state.load(std::memory_order_relaxed) != presence::absent; }
  // Gives the implicit arena up. Not inside of it.
  void detach();

  // Tells the arena's observers that are new to this thread of its entry.
  void tell_entries() { now.in->observers().tell_entries(now.told, now.told_version, now.is_worker); }

  // The user's index of this thread in its arena.
  int index();
  void end_index();
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_THREAD_DATA_H_
