#include "arena.h"

#include <preempt/checkpoint.h>

#include <algorithm>
#include <utility>

#include "contexts.h"
#include "dispatcher.h"
#include "runtime.h"
#include "spin.h"
#include "thread_data.h"

namespace tbb::detail::r1 {
namespace {

// A worker looks at the enqueued tasks first once in so many times, so that spawned ones never keep them waiting for
// good. Go's number (src/runtime/proc.go, schedule).
constexpr unsigned kFairness = 61;

// Looks of the pacer after which a worker makes room for a new one. To the executor a worker is one task, which goes
// down the levels with the time that it has computed; its bodies are to be as fresh as the tasks that they stand for.
constexpr unsigned kLooksOfAWorker = 1;

// Looks of the pacer without work before the arena is watched no more.
constexpr int kCalmLooks = 4;

}  // namespace

arena::arena(const arena_settings& settings)
    : settings_(settings),
      default_context_(d1::task_group_context::isolated, d1::task_group_context::fp_settings),
      indices_(settings.concurrency) {
  runtime::get().add(*this);
}

arena::~arena() { runtime::get().remove(*this); }

bool arena::try_add_reference() {
  int now = references_.load(std::memory_order_relaxed);
  do {
    if (now == 0) return false;
  } while (!references_.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

void arena::release() {
  if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
}

void arena::spawn(participant& by, d1::task& task) {
  by.deque.push(task_accessor::entry(task));
  advertise();
}

void arena::enqueue(d1::task& task) {
  queue_.push(task);
  call();
}

void arena::enqueue_urgent(d1::task& task) {
  urgent_.push(task);
  call();
}

void arena::call() {
  if (!has_room(occupancy_.load(std::memory_order_seq_cst))) {
    if (limit() >= runtime::get().processors()) return send_ticket();
    // Who spawns is in one of the bodies, and will come to an end of it; who enqueues need not wait for a look of the
    // pacer to find long bodies that it knows already.
    if (is_stuck()) stall_all();
  }
  advertise();
}

void arena::send_ticket() {
  if (ticket_sent_.exchange(true, std::memory_order_seq_cst)) return;
  if (!send(&arena::redeem_ticket)) ticket_sent_.store(false, std::memory_order_seq_cst);
}

void arena::redeem_ticket() {
  ticket_sent_.store(false, std::memory_order_seq_cst);
  if (!queue_.empty() || !urgent_.empty()) send_ticket();
  serve(presence::stalled);
}

bool arena::find(thread_data& self, task_entry& entry, d1::slot_id& origin) {
  origin = d1::any_slot;
  if (urgent_.pop(entry)) return true;
  if (++self.finds % kFairness == 0 && queue_.pop(entry)) return true;
  return pop(self, entry, origin) || queue_.pop(entry) || steal(self, entry, origin);
}

bool arena::find_spawned(thread_data& self, task_entry& entry, d1::slot_id& origin) {
  return pop(self, entry, origin) || steal(self, entry, origin);
}

void arena::put_back(thread_data& self, const task_entry& entry, d1::slot_id origin) {
  if (origin == self.now.as->id) {
    self.now.as->deque.push(entry);
  } else {
    queue_.push(*entry.task);
  }
  advertise();  // who looked meanwhile saw nothing
}

bool arena::pop(thread_data& self, task_entry& entry, d1::slot_id& origin) {
  if (!self.now.as->deque.pop(entry)) return false;
  origin = self.now.as->id;
  return true;
}

bool arena::steal(thread_data& self, task_entry& entry, d1::slot_id& origin) {
  const int size = participants_.size();
  const unsigned first = self.victim++;
  for (int i = 0; i < size; ++i) {
    participant& victim =
        participants_[static_cast<int>((first + static_cast<unsigned>(i)) % static_cast<unsigned>(size))];
    if (&victim == self.now.as) continue;
    task_deque::theft outcome = task_deque::theft::lost;
    while (outcome == task_deque::theft::lost) outcome = victim.deque.steal(entry);
    if (outcome == task_deque::theft::taken) {
      origin = victim.id;
      return true;
    }
  }
  return false;
}

bool arena::has_work() const {
  if (!queue_.empty() || !urgent_.empty()) return true;
  for (int i = 0; i < participants_.size(); ++i) {
    if (!participants_[i].deque.empty()) return true;
  }
  return false;
}

int arena::limit() const { return std::min(settings_.concurrency, runtime::get().allowed_parallelism()); }

int arena::kept_places(const occupancy& now) const {
  return std::max(0, settings_.reserved - now.masters - now.sleeping_masters);
}

// A place is kept for each of those that may still come; but enqueued tasks have nobody else to run them, and neither
// have tasks that were left behind.
bool arena::has_room(const occupancy& now) const {
  const int present = now.workers + now.masters;
  if (present + kept_places(now) < limit()) return true;
  const bool nobody_comes = !settings_.implicit || orphaned_.load(std::memory_order_relaxed);
  return present == 0 && (nobody_comes || !queue_.empty() || !urgent_.empty());
}

template <class Allowed, class Change>
bool arena::change_if(const Allowed& allowed, const Change& change) {
  occupancy now = occupancy_.load(std::memory_order_relaxed);
  occupancy changed = now;
  do {
    if (!allowed(now)) return false;
    changed = now;
    change(changed);
  } while (!occupancy_.compare_exchange_weak(now, changed, std::memory_order_seq_cst));
  return true;
}

template <class Change>
void arena::change(const Change& change) {
  change_if([](const occupancy&) { return true; }, change);
}

void arena::count(presence kind, int by) {
  change([&](occupancy& now) {
    std::uint16_t& counted = kind == presence::worker ? now.workers : now.masters;
    counted = static_cast<std::uint16_t>(counted + by);
  });
}

bool arena::try_enter(participant& it) {
  // Workers that came to a kept place while its thread slept give it back at the end of their bodies.
  const bool workers_have_places = settings_.reserved < settings_.concurrency;
  const auto has_place = [this, workers_have_places](const occupancy& now) {
    return now.workers + now.masters < settings_.concurrency || (workers_have_places && kept_places(now) > 0);
  };
  if (!change_if(has_place, [](occupancy& now) { ++now.masters; })) return false;
  it.state.store(presence::master, std::memory_order_release);
  return true;
}

void arena::enter(participant& it) {
  const presence former = it.state.exchange(it.kind, std::memory_order_acq_rel);
  if (former == presence::asleep) count_sleeping(-1);
  count(it.kind, 1);
}

void arena::leave(participant& it) {
  const presence former = it.state.exchange(presence::absent, std::memory_order_acq_rel);
  if (former == it.kind) count(it.kind, -1);
  if (former == presence::asleep) count_sleeping(-1);
  if (has_work()) advertise();
}

void arena::sleep(participant& it) {
  if (it.kind == presence::master) count_sleeping(1);
  leave(it);
}

void arena::wake(participant& it) {
  enter(it);
  if (it.kind == presence::master) count_sleeping(-1);
}

void arena::count_sleeping(int by) {
  change([&](occupancy& now) { now.sleeping_masters = static_cast<std::uint16_t>(now.sleeping_masters + by); });
}

bool arena::go_on(participant& it, bool must) {
  if (it.state.load(std::memory_order_relaxed) == it.kind) {
    const occupancy now = occupancy_.load(std::memory_order_relaxed);
    return must || now.workers + now.masters <= limit();
  }
  if (!must && !has_room(occupancy_.load(std::memory_order_relaxed))) return false;
  enter(it);
  return true;
}

void arena::advertise() {
  if (has_room(occupancy_.load(std::memory_order_seq_cst))) try_add_worker();
  if (!watched_.load(std::memory_order_relaxed)) watch();
}

bool arena::try_add_worker() {
  const auto has_place = [this](const occupancy& now) { return has_room(now); };
  if (!change_if(has_place, [](occupancy& now) { ++now.workers; })) return false;
  if (send(&arena::serve_as_worker)) return true;
  count(presence::worker, -1);
  return false;
}

bool arena::send(void (arena::*serves)()) {
  add_reference();
  serving_.fetch_add(1, std::memory_order_seq_cst);
  if (runtime::get().run([this, serves] { (this->*serves)(); }, settings_.priority)) return true;
  serving_.fetch_sub(1, std::memory_order_seq_cst);
  release();
  return false;
}

void arena::serve(presence as) {
  thread_data& self = thread_data::get();
  attendance outside = std::exchange(self.now, {});
  const fp_environment settings = fp_environment::current();
  self.now.in = this;
  self.now.as = &participants_.take();
  self.now.is_worker = true;
  serve_as(self, as);
  settings.apply();
  self.now = std::move(outside);
  serving_.fetch_sub(1, std::memory_order_seq_cst);
  release();
}

void arena::serve_as(thread_data& self, presence as) {
  participant& own = *self.now.as;
  own.become(presence::worker);
  own.state.store(as, std::memory_order_release);
  self.fp = fp_environment::current();
  self.tell_entries();
  if (has_work()) advertise();
  const runtime& all = runtime::get();
  const unsigned begin = all.looks();
  const auto is_fresh = [&] { return all.looks() - begin < kLooksOfAWorker; };
  task_entry entry;
  d1::slot_id origin;
  do {
    while (is_fresh() && find(self, entry, origin)) {
      self.tell_entries();
      own.begin_outer_body();
      task_dispatcher::run(self, entry, origin);
      if (!go_on(own, false)) break;
    }
  } while (is_fresh() && go_on(own, false) && linger());
  self.end_index();
  observer_list::tell_exits(self.now.told, true);
  leave(own);
  participant_list::give_back(own);
}

// Work often comes in bursts: a short look-out is cheaper than a new worker. Other arenas' workers go first.
bool arena::linger() const {
  if (runtime::get().default_concurrency() == 1) return false;
  for (spin_wait spin(spin_wait::kBeforeEnd); spin.go_on();) {
    if (has_work()) return true;
    preempt::yield();
  }
  return false;
}

void arena::orphan() {
  orphaned_.store(true, std::memory_order_seq_cst);
  if (has_work()) advertise();
}

void arena::watch() {
  if (!watched_.exchange(true, std::memory_order_seq_cst)) runtime::get().wake_pacer();
}

arena::movement arena::look() {
  movement found;
  for (int i = 0; i < participants_.size(); ++i) {
    participant& each = participants_[i];
    const std::uint32_t bodies = each.bodies.load(std::memory_order_relaxed);
    const std::uint32_t outer = each.outer_bodies.load(std::memory_order_relaxed);
    if (each.counts()) found.computes = true;
    if (bodies != each.seen_bodies) found.moves = true;
    if (outer != each.seen_outer_bodies) found.takes = true;
    if (bodies == each.seen_bodies && each.counts()) each.long_body.store(bodies, std::memory_order_relaxed);
    each.seen_bodies = bodies;
    each.seen_outer_bodies = outer;
  }
  return found;
}

void arena::stall_sleepers() {
  for (int i = 0; i < participants_.size(); ++i) {
    participant& each = participants_[i];
    if (each.counts() && each.is_in_long_body() && each.is_asleep()) stall(each);
  }
}

bool arena::is_stuck() const {
  for (int i = 0; i < participants_.size(); ++i) {
    const participant& each = participants_[i];
    if (each.counts() && !each.is_in_long_body()) return false;
  }
  return true;
}

void arena::stall_all() {
  for (int i = 0; i < participants_.size(); ++i) stall(participants_[i]);
}

// A thread that is no worker and sleeps frees the place that was kept for it, too; one that computes has its cpu.
void arena::stall(participant& it) {
  presence kind = it.state.load(std::memory_order_acquire);
  if (kind != presence::worker && kind != presence::master) return;
  const bool sleeps = kind == presence::master && it.is_asleep();
  const presence stalled = sleeps ? presence::asleep : presence::stalled;
  if (sleeps) count_sleeping(1);
  if (it.state.compare_exchange_strong(kind, stalled, std::memory_order_acq_rel)) {
    count(kind, -1);
  } else if (sleeps) {
    count_sleeping(-1);
  }
}

index_pool::claim arena::claim_index(const thread_data& self) {
  // A worker of an implicit arena leaves the owner's alone.
  const bool leaves_reserved = settings_.implicit && self.now.is_worker && settings_.concurrency > settings_.reserved &&
                               !orphaned_.load(std::memory_order_relaxed);
  return indices_.take(self.now.is_worker ? settings_.reserved : 0, leaves_reserved ? settings_.reserved : 0,
                       self.now.context != nullptr ? *self.now.context : default_context_);
}

// Watched as long as somebody computes, so that long bodies are known when a task comes.
void arena::pace() {
  const movement seen = look();
  if (!has_work()) {
    if (seen.computes || ++calm_looks_ < kCalmLooks) return;
    calm_looks_ = 0;
    watched_.store(false, std::memory_order_seq_cst);
    if (has_work()) advertise();
    return;
  }
  calm_looks_ = 0;
  // A waiter's bodies help those that were spawned, not those that were enqueued.
  const bool helps = queue_.empty() && urgent_.empty() ? seen.moves : seen.takes;
  helps ? stall_sleepers() : stall_all();
  try_add_worker();  // one for each look; it sees for itself when it has begun whether more are wanted
}

}  // namespace tbb::detail::r1
