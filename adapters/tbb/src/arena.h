// An arena: its tasks, who runs them, and how many may at once.
#ifndef PREEMPT_ADAPTERS_TBB_ARENA_H_
#define PREEMPT_ADAPTERS_TBB_ARENA_H_

#include <atomic>
#include <cstdint>

#include "headers.h"
#include "index_pool.h"
#include "observers.h"
#include "participant.h"
#include "task_deque.h"
#include "task_queue.h"

namespace tbb::detail::r1 {

struct thread_data;

struct arena_settings {
  int concurrency;  // bodies that compute at once, >= 1; more while workers are in a reserved place whose thread is
                    // back
  int reserved;     // of them, for threads that are no workers
  d1::task_arena_base::priority priority = d1::task_arena_base::priority::normal;
  bool implicit = false;  // belongs to one outside thread, which will come back to wait
};

// Workers are tasks of the executor that run bodies until none is left. How many are wanted follows from the occupancy,
// one word, so that
//
//   who brings a task:          1. pushes it          2. reads the word: room for a worker? then adds one
//   who leaves (or sleeps):     1. lowers the word    2. looks for tasks: found? then as who brings one
//
// with a full barrier between both 1 and 2: the task is seen by one of the two.
//
// An enqueued task for which there is no room gets a ticket, if the arena may use all processors of the executor: one
// more worker, which does not count, waits in the executor's queue, sends the next ticket and runs one body. So the
// executor's slices decide when an enqueued body begins, whatever those inside do. In smaller arenas, and for spawned
// tasks, it is the pacer that finds long bodies.
class arena {
 public:
  explicit arena(const arena_settings& settings);
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;

  // One for whoever refers to it: task_arena objects, threads inside, workers on their way.
  void add_reference() { references_.fetch_add(1, std::memory_order_relaxed); }
  // For who has none yet, while the arena cannot be freed: false once the last one was released.
  bool try_add_reference();
  void release();

  int concurrency() const { return settings_.concurrency; }
  int reserved() const { return settings_.reserved; }
  d1::task_arena_base::priority priority() const { return settings_.priority; }
  d1::task_group_context& default_context() { return default_context_; }
  observer_list& observers() { return observers_; }
  index_pool& indices() { return indices_; }

  // A task whose entry is set. Urgent ones are found first.
  void spawn(participant& by, d1::task& task);
  void enqueue(d1::task& task);
  void enqueue_urgent(d1::task& task);

  // A task for this thread: urgent ones, its own newest, enqueued ones, then the oldest of others.
  bool find(thread_data& self, task_entry& entry, d1::slot_id& origin);
  // The same, spawned ones only: its own newest, then the oldest of others.
  bool find_spawned(thread_data& self, task_entry& entry, d1::slot_id& origin);
  // A task that a waiter found and may not run.
  void put_back(thread_data& self, const task_entry& entry, d1::slot_id origin);

  // An outside thread takes part; false: there is no room.
  bool try_enter(participant& it);
  void enter(participant& it);  // also without room
  void leave(participant& it);
  // In the middle of a wait: does not count meanwhile.
  void sleep(participant& it);
  void wake(participant& it);

  // After a body: counts a stalled one again. False, unless it `must`: there is no room any more.
  bool go_on(participant& it, bool must);

  bool has_work() const;
  // Nothing waits to be run, and no worker runs anything or is on its way. In this order: a worker that took the last
  // task serves until it has run it, and may leave work behind for which there is no room now.
  bool is_quiet() const { return !has_work() && serving_.load(std::memory_order_seq_cst) == 0 && !has_work(); }
  // Adds a worker if there is room, and sees to it that the pacer looks if not.
  void advertise();

  // By the pacer, once in a slice: sees who is in a long body. When tasks wait and nobody has begun one since the last
  // look, those inside count no more.
  void pace();
  bool is_watched() const { return watched_.load(std::memory_order_relaxed); }

  // The owner of an implicit arena is gone.
  void orphan();

  participant& take_participant() { return participants_.take(); }

  // An index for the body that this thread runs. A body that waits lends its own to those that it waits for.
  index_pool::claim claim_index(const thread_data& self);

  arena* next = nullptr;  // in the runtime's list
  arena* previous = nullptr;

 private:
  // How many participants count, in one word.
  struct occupancy {
    std::uint16_t workers;
    std::uint16_t masters;
    std::uint16_t sleeping_masters;  // in a wait: their reserved place is free meanwhile
    std::uint16_t unused = 0;
  };
  friend class runtime;

  ~arena();
  // For enqueued tasks: a worker, or a ticket.
  void call();
  void send_ticket();
  void redeem_ticket();
  void serve_as_worker() { serve(presence::worker); }
  int limit() const;
  int kept_places(const occupancy& now) const;  // for threads that are no workers and may come
  bool has_room(const occupancy& now) const;
  // Changes the word if `allowed(now)`, and says so.
  template <class Allowed, class Change>
  bool change_if(const Allowed& allowed, const Change& change);
  template <class Change>
  void change(const Change& change);
  void count(presence kind, int by);
  void count_sleeping(int by);
  bool try_add_worker();
  // Hands a worker to the executor, which will serve; false: it takes no more.
  bool send(void (arena::*serves)());
  // A worker, as a task of the executor, from its start to its end. `as`: whether it counts.
  void serve(presence as);
  void serve_as(thread_data& self, presence as);
  bool linger() const;
  bool pop(thread_data& self, task_entry& entry, d1::slot_id& origin);
  bool steal(thread_data& self, task_entry& entry, d1::slot_id& origin);
  void watch();
  struct movement {
    bool moves = false;     // somebody has begun a body since the last look
    bool takes = false;     // the same, not in a wait
    bool computes = false;  // somebody counts
  };
  movement look();
  // Whether all that count are in bodies that were long at the pacer's last look.
  bool is_stuck() const;
  void stall_all();
  // Those whose threads sleep in the kernel, in a body that was long already at the last look.
  void stall_sleepers();
  void stall(participant& it);

  const arena_settings settings_;
  d1::task_group_context default_context_;
  std::atomic<int> references_{1};
  alignas(64) std::atomic<occupancy> occupancy_{occupancy{}};
  std::atomic<bool> watched_{false};
  std::atomic<bool> orphaned_{false};
  std::atomic<bool> ticket_sent_{false};
  std::atomic<int> serving_{0};  // workers, from where they are sent until they leave
  int calm_looks_ = 0;           // of the pacer, since tasks waited
  task_queue urgent_;
  task_queue queue_;
  participant_list participants_;
  observer_list observers_;
  index_pool indices_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_ARENA_H_
