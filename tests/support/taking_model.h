// A model of how processors change hands: src/core/README.md, "Taking a processor" and what surrounds it. The steps
// have the README's numbers and letters and the functions' names. Memory is x86-64's: each thread has a buffer of
// stores, first in, first out, from which it reads first; a locked instruction waits until it is empty; membarrier(2)
// empties every thread's, one after the other.
//
// Workers go in at any time by any door; the watchdog tries to take from any worker at any time, since what it read in
// /proc may be long past. Left out: time, levels, fresh tasks and spares (a spare is given a processor as a stopped
// worker is), and the run queues' own locks (each change of a queue or of the idle word is one locked instruction).
#ifndef PREEMPT_TESTS_SUPPORT_TAKING_MODEL_H_
#define PREEMPT_TESTS_SUPPORT_TAKING_MODEL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

namespace preempt::testing {

// The protocol, or one with a flaw that the checker must find.
enum class Protocol {
  kOurs,
  kNoMembarrier,     // step 2 left out
  kWithoutClaim,     // the watchdog writes kTaken at once, and takes it back if the worker is in the scheduler
  kReadsLostFirst,   // step b before step a
  kTakesByStore,     // step 4 without a comparison
  kVetoesByStore,    // step b's second half without a comparison
  kKeepsTaken,       // who comes back leaves kTaken
  kForgetsToPassOn,  // step 5 left out
};

class TakingModel {
 public:
  static constexpr int kMostWorkers = 3, kMostProcessors = 2, kMostStores = 4;
  static constexpr std::uint8_t kNobody = 0xff;

  enum Lost : std::uint8_t { kNo, kClaimed, kTaken };
  // What a worker is in the scheduler for.
  enum Door : std::uint8_t { kSubmit, kPreempt, kBeginBlocking, kEndBlocking };

  enum Step : std::uint8_t {
    // Worker.
    kUser,
    kEnterStore,  // a
    kEnterRead,   // b
    kEnterSwap,   // b
    kForget,      // c
    kInside,
    kTouch,
    kLeave,       // d
    kLoseForget,  // lose_processor
    kLoseStore,
    kStopChoose,  // stop_thread
    kStopForget,
    kStopPush,
    kFound,  // come_back
    kFoundStore,
    kPopIdle,
    kTakeIdle,
    kQueueItself,
    kPark,
    kResume,
    // Both.
    kPassOn,
    kGiveLost,  // give
    kGiveProcessor,
    kGiveUnpark,
    kMakeIdle,
    kHelp,  // help_idle_processors
    kHelpChoose,
    // Watchdog.
    kWatch,
    kTakeClaim,  // 1
    kTakeFence,  // 2
    kTakeRead,   // 3
    kTakeReadProcessor,
    kTakeWithdraw,
    kTakeSwap,  // 4
    kFlush,     // a store leaves its buffer
  };

  struct Store {
    std::uint8_t cell = 0, value = 0;
    bool operator==(const Store&) const = default;
  };
  struct Thread {
    std::uint8_t step = kUser;
    std::uint8_t after = 0;  // where a procedure returns to
    std::uint8_t door = 0;
    std::uint8_t blocking = 0;
    std::uint8_t processor = kNobody;  // which it works with now; none in user context
    std::uint8_t other = 0;            // the worker that it deals with
    std::uint8_t stored = 0;
    std::array<Store, kMostStores> stores = {};
    bool operator==(const Thread&) const = default;
  };
  struct State {
    std::array<std::uint8_t, 3 * kMostWorkers + kMostProcessors> memory = {};
    std::array<std::uint8_t, kMostWorkers> token = {};  // Parker
    std::array<std::uint8_t, kMostWorkers> queue = {};  // stopped workers, oldest first
    std::uint8_t queued = 0;
    std::uint8_t idle = 0;                                 // one bit for each processor
    std::array<std::uint8_t, kMostProcessors> owner = {};  // what is true, whatever memory says: a thread, or nobody
    std::array<Thread, kMostWorkers + 1> threads = {};     // the last one is the watchdog
    bool operator==(const State&) const = default;
  };

  // A buffer has room for `stores`, at most kMostStores: each more makes it several times as many states.
  TakingModel(int workers, int processors, int stores, Protocol protocol)
      : workers_(workers), processors_(processors), stores_(stores), protocol_(protocol) {}

  // Each processor has a worker, the other workers are stopped and queued.
  State initial() const {
    State state;
    for (int i = 0; i < workers_; ++i) {
      const auto worker = static_cast<std::uint8_t>(i);
      state.memory[lost(i)] = kNo;
      state.memory[processor_of(i)] = i < processors_ ? worker : kNobody;
      if (i < processors_) {
        state.owner[i] = worker;
      } else {
        state.memory[in_scheduler(i)] = 1;
        state.queue[state.queued++] = worker;
        state.threads[i].step = kPark;
      }
    }
    state.threads[watchdog()].step = kWatch;
    return state;
  }

  // Each worker works with a processor again.
  int goals() const { return workers_; }
  bool is_goal(int worker, const State& state) const { return state.threads[worker].step == kTouch; }

  std::string describe(std::uint32_t step) const {
    const int thread = static_cast<int>(step >> 8);
    return (thread == watchdog() ? "watchdog: " : "worker " + std::to_string(thread) + ": ") + name_of(step & 0xff);
  }

  template <class Emit>
  void successors(const State& state, Emit emit) const {
    for (int thread = 0; thread <= watchdog(); ++thread) {
      if (state.threads[thread].stored > 0) flush_of(state, thread, emit);
      steps_of(state, thread, emit);
    }
  }

 private:
  static int in_scheduler(int worker) { return worker; }
  static int lost(int worker) { return kMostWorkers + worker; }
  static int processor_of(int worker) { return 2 * kMostWorkers + worker; }
  static int data_of(int processor) { return 3 * kMostWorkers + processor; }  // whatever an owner writes
  int watchdog() const { return workers_; }

  // One step of one thread, on a state of its own.
  class Turn {
   public:
    Turn(const TakingModel& model, const State& before, int who)
        : state(before), self(state.threads[who]), model_(model), who_(who) {}

    // --- Memory.
    std::uint8_t load(int cell) const {
      for (int i = self.stored; i-- > 0;) {
        if (self.stores[i].cell == cell) return self.stores[i].value;
      }
      return state.memory[cell];
    }
    void store(int cell, std::uint8_t value) { self.stores[self.stored++] = {static_cast<std::uint8_t>(cell), value}; }
    bool swap(int cell, std::uint8_t expected, std::uint8_t wanted) {
      if (state.memory[cell] != expected) return false;
      state.memory[cell] = wanted;
      return true;
    }
    // What leaves the buffer of `thread`; a processor's data must be its owner's.
    void flush(int thread) {
      Thread& from = state.threads[thread];
      const Store first = from.stores[0];
      std::copy(from.stores.begin() + 1, from.stores.end(), from.stores.begin());
      from.stores[--from.stored] = {};
      state.memory[first.cell] = first.value;
      if (first.cell >= data_of(0) && state.owner[first.cell - data_of(0)] != thread) {
        violation = "a write to a processor came after it had changed hands";
      }
    }

    // --- The queue of stopped workers and the idle word.
    void push(int worker) { state.queue[state.queued++] = static_cast<std::uint8_t>(worker); }
    bool pop() {
      if (state.queued == 0) return false;
      self.other = state.queue[0];
      std::copy(state.queue.begin() + 1, state.queue.end(), state.queue.begin());
      state.queue[--state.queued] = 0;
      return true;
    }
    void push_idle() {
      state.idle |= static_cast<std::uint8_t>(1 << self.processor);
      state.owner[self.processor] = kNobody;
      self.processor = kNobody;
    }
    bool pop_idle() {
      for (std::uint8_t i = 0; i < kMostProcessors; ++i) {
        if ((state.idle >> i & 1) == 0) continue;
        state.idle &= static_cast<std::uint8_t>(~(1 << i));
        own(i);
        return true;
      }
      return false;
    }

    // --- What must hold.
    void own(std::uint8_t processor) {
      for (int i = 0; i <= model_.watchdog(); ++i) {
        if (state.threads[i].processor == processor) violation = "a processor has two owners";
      }
      state.owner[processor] = static_cast<std::uint8_t>(who_);
      self.processor = processor;
    }
    void work_with(std::uint8_t processor) {
      if (state.owner[processor] != who_) violation = "a worker goes on with a processor that is not its own";
      self.processor = processor;
    }
    void forget(std::uint8_t processor) {
      if (processor != kNobody && state.owner[processor] == who_) violation = "a processor is lost";
    }

    void go(Step next) { self.step = next; }

    State state;
    Thread& self;
    const char* violation = nullptr;

   private:
    const TakingModel& model_;
    int who_;
  };

  static bool is_locked(std::uint8_t step) {
    switch (step) {
      case kEnterSwap:
      case kStopChoose:
      case kStopPush:
      case kPopIdle:
      case kQueueItself:
      case kPark:
      case kPassOn:
      case kGiveUnpark:
      case kMakeIdle:
      case kHelp:
      case kHelpChoose:
      case kTakeClaim:
      case kTakeWithdraw:
      case kTakeSwap:
        return true;
      default:
        return false;
    }
  }

  template <class Emit>
  void flush_of(const State& state, int thread, Emit& emit) const {
    Turn turn(*this, state, thread);
    turn.flush(thread);
    emit(turn.state, code(thread, kFlush), turn.violation);
  }

  static std::uint32_t code(int thread, std::uint8_t step) { return static_cast<std::uint32_t>(thread) << 8 | step; }

  template <class Emit>
  void steps_of(const State& state, int thread, Emit& emit) const {
    const Thread& self = state.threads[thread];
    if (is_locked(self.step) && self.stored > 0) return;  // its buffer first
    if (self.stored == stores_) return;
    const auto take = [&](auto step) {
      Turn turn(*this, state, thread);
      step(turn);
      emit(turn.state, code(thread, self.step), turn.violation);
    };
    switch (self.step) {
      case kUser:
        for (const Door door : {kSubmit, kPreempt, kBeginBlocking, kEndBlocking}) {
          // A scope that gives nothing away begins outside the scheduler: its end may come at any time.
          if (self.blocking != 0 && (door == kPreempt || door == kBeginBlocking)) continue;
          take([&](Turn& turn) {
            turn.self.door = door;
            turn.go(protocol_ == Protocol::kReadsLostFirst ? kEnterRead : kEnterStore);
          });
        }
        return;
      case kTouch:
        take([&](Turn& turn) { touch(turn, kLeave); });
        if (self.door == kPreempt) take([&](Turn& turn) { touch(turn, kStopChoose); });
        if (self.door == kEndBlocking) take([&](Turn& turn) { touch(turn, kLoseForget); });  // heed_claim
        return;
      case kInside:
        take([&](Turn& turn) { inside(turn, thread); });
        if (self.door == kEndBlocking) take([&](Turn& turn) { go_on_without(turn, thread); });
        return;
      case kPark:
        if (state.token[thread] == 0) return;
        take([&](Turn& turn) {
          turn.state.token[thread] = 0;
          turn.go(kResume);
        });
        return;
      case kWatch:
        for (int worker = 0; worker < workers_; ++worker) {
          take([&](Turn& turn) {
            turn.self.other = static_cast<std::uint8_t>(worker);
            turn.go(kTakeClaim);
          });
        }
        take([&](Turn& turn) { call(turn, kHelp, kWatch); });
        return;
      default:
        take([&](Turn& turn) {
          if (thread == watchdog()) {
            step_of_watchdog(turn);
          } else {
            step_of_worker(turn, thread);
          }
        });
    }
  }

  static void call(Turn& turn, Step procedure, Step after) {
    turn.self.after = after;
    turn.go(procedure);
  }
  static void end_call(Turn& turn) {
    turn.go(static_cast<Step>(turn.self.after));
    turn.self.after = 0;
    turn.self.other = 0;
  }

  static void touch(Turn& turn, Step next) {
    turn.store(data_of(turn.self.processor), 1);
    turn.go(next);
  }

  void step_of_worker(Turn& turn, int self) const {
    switch (turn.self.step) {
      case kEnterStore:
      case kEnterRead:
      case kEnterSwap:
      case kForget:
        return enter(turn, self);
      case kLeave:
        turn.store(in_scheduler(self), 0);
        turn.self.processor = kNobody;
        turn.self.door = 0;
        return turn.go(kUser);
      case kLoseForget:
        turn.store(processor_of(self), kNobody);
        return turn.go(kLoseStore);
      case kLoseStore:
        turn.store(lost(self), kTaken);
        return call(turn, kPassOn, turn.self.door == kEndBlocking ? kFound : kLeave);
      case kStopChoose:
        return turn.go(turn.pop() ? kStopForget : kLeave);
      case kStopForget:
        turn.store(processor_of(self), kNobody);
        return turn.go(kStopPush);
      case kStopPush:
        turn.push(self);
        return call(turn, kGiveLost, kPark);
      case kFound:
      case kFoundStore:
      case kPopIdle:
      case kTakeIdle:
      case kQueueItself:
        return come_back(turn, self);
      case kResume:
        turn.work_with(turn.load(processor_of(self)));
        turn.self.door = kSubmit;
        return turn.go(kTouch);
      default:
        return procedures(turn);
    }
  }

  void enter(Turn& turn, int self) const {
    const bool reads_first = protocol_ == Protocol::kReadsLostFirst;
    const Step when_kept = reads_first ? kEnterStore : kInside;
    switch (turn.self.step) {
      case kEnterStore:
        turn.store(in_scheduler(self), 1);
        return turn.go(reads_first ? kInside : kEnterRead);
      case kEnterRead:
        if (turn.load(lost(self)) == kNo) return turn.go(when_kept);
        return turn.go(protocol_ == Protocol::kVetoesByStore && turn.load(lost(self)) == kTaken ? kForget : kEnterSwap);
      case kEnterSwap:
        if (protocol_ == Protocol::kVetoesByStore) {
          turn.store(lost(self), kNo);
        } else if (!turn.swap(lost(self), kClaimed, kNo) && turn.load(lost(self)) == kTaken) {
          return turn.go(kForget);
        }
        return turn.go(when_kept);
      default:
        turn.forget(turn.load(processor_of(self)));
        turn.store(processor_of(self), kNobody);
        return turn.go(when_kept);
    }
  }

  void inside(Turn& turn, int self) const {
    const std::uint8_t processor = turn.load(processor_of(self));
    if (processor != kNobody) turn.work_with(processor);
    switch (turn.self.door) {
      case kSubmit:
        return turn.go(processor != kNobody ? kTouch : kLeave);
      case kPreempt:
        return turn.go(processor != kNobody ? kTouch : kFound);
      case kBeginBlocking:
        turn.self.blocking = 1;
        return turn.go(processor != kNobody ? kLoseForget : kLeave);
      default:
        turn.self.blocking = 0;
        return turn.go(processor != kNobody ? kTouch : kFound);
    }
  }

  // go_on_credit; where it has a processor, as if nothing had been to do.
  static void go_on_without(Turn& turn, int self) {
    const std::uint8_t processor = turn.load(processor_of(self));
    if (processor != kNobody) turn.work_with(processor);
    turn.self.blocking = 0;
    turn.go(kLeave);
  }

  void come_back(Turn& turn, int self) const {
    switch (turn.self.step) {
      case kFound:
        return turn.go(turn.load(lost(self)) == kTaken ? kFoundStore : kPopIdle);
      case kFoundStore:
        if (protocol_ != Protocol::kKeepsTaken) turn.store(lost(self), kNo);
        return turn.go(kPopIdle);
      case kPopIdle:
        return turn.go(turn.pop_idle() ? kTakeIdle : kQueueItself);
      case kTakeIdle:
        turn.store(processor_of(self), turn.self.processor);
        turn.self.door = kSubmit;
        return turn.go(kTouch);
      default:
        turn.push(self);
        return call(turn, kHelp, kPark);
    }
  }

  void procedures(Turn& turn) const {
    const std::uint8_t other = turn.self.other;
    switch (turn.self.step) {
      case kPassOn:
        return turn.go(turn.pop() ? kGiveLost : kMakeIdle);
      case kGiveLost:
        turn.store(lost(other), kNo);
        return turn.go(kGiveProcessor);
      case kGiveProcessor:
        turn.store(processor_of(other), turn.self.processor);
        return turn.go(kGiveUnpark);
      case kGiveUnpark:
        turn.state.token[other] = 1;
        turn.state.owner[turn.self.processor] = other;
        turn.self.processor = kNobody;
        return end_call(turn);
      case kMakeIdle:
        turn.push_idle();
        return turn.go(kHelp);
      case kHelp:
        if (turn.state.queued == 0 || !turn.pop_idle()) return end_call(turn);
        return turn.go(kHelpChoose);
      default:
        if (turn.pop()) return turn.go(kGiveLost);
        turn.push_idle();
        return end_call(turn);
    }
  }

  void step_of_watchdog(Turn& turn) const {
    const int worker = turn.self.other;
    const bool claims = protocol_ != Protocol::kWithoutClaim;
    switch (turn.self.step) {
      case kTakeClaim:
        if (!turn.swap(lost(worker), kNo, claims ? kClaimed : kTaken)) return give_up(turn);
        turn.self.door = 0;
        return turn.go(protocol_ == Protocol::kNoMembarrier ? kTakeRead : kTakeFence);
      case kTakeFence:
        return fence(turn);
      case kTakeRead:
        return turn.go(turn.load(in_scheduler(worker)) != 0 ? kTakeWithdraw : kTakeReadProcessor);
      case kTakeReadProcessor:
        turn.self.after = turn.load(processor_of(worker));
        return turn.go(turn.self.after == kNobody ? kTakeWithdraw : kTakeSwap);
      case kTakeWithdraw:
        turn.swap(lost(worker), claims ? kClaimed : kTaken, kNo);
        return give_up(turn);
      case kTakeSwap:
        return take(turn, worker);
      default:
        return procedures(turn);
    }
  }

  static void give_up(Turn& turn) {
    turn.self.other = 0;
    turn.self.after = 0;
    turn.go(kWatch);
  }

  // Not all at once: `door` counts the threads that have passed.
  void fence(Turn& turn) const {
    while (turn.state.threads[turn.self.door].stored > 0) turn.flush(turn.self.door);
    if (++turn.self.door < workers_) return;
    turn.self.door = 0;
    turn.go(kTakeRead);
  }

  void take(Turn& turn, int worker) const {
    const std::uint8_t processor = turn.self.after;
    turn.self.after = 0;
    if (protocol_ == Protocol::kTakesByStore) {
      turn.state.memory[lost(worker)] = kTaken;
    } else if (protocol_ != Protocol::kWithoutClaim && !turn.swap(lost(worker), kClaimed, kTaken)) {
      return give_up(turn);
    }
    if (turn.state.owner[processor] != worker) turn.violation = "a processor is taken from who does not own it";
    turn.own(processor);
    if (protocol_ != Protocol::kForgetsToPassOn) return call(turn, kPassOn, kWatch);
    turn.self.processor = kNobody;
    give_up(turn);
  }

  static const char* name_of(std::uint32_t step) {
    static constexpr const char* kNames[] = {
        "user code: chooses a door",
        "enter, a: in_scheduler = 1",
        "enter, b: read lost",
        "enter, b: swap kClaimed to kNo",
        "enter, c: forget the processor",
        "in the scheduler: read its processor",
        "work with the processor",
        "leave, d: in_scheduler = 0",
        "lose_processor: forget the processor",
        "lose_processor: lost = kTaken",
        "stop_thread: choose a stopped worker",
        "stop_thread: forget the processor",
        "stop_thread: push itself",
        "found: read lost",
        "found: lost = kNo",
        "come_back: pop an idle processor",
        "come_back: take the idle processor",
        "come_back: push itself",
        "park",
        "resume: read its processor",
        "pass_on: choose a stopped worker",
        "give: lost = kNo",
        "give: processor",
        "give: unpark",
        "make_idle",
        "help_idle_processors: pop an idle processor",
        "help_idle_processors: choose a stopped worker",
        "looks at somebody",
        "take, 1: swap kNo to kClaimed",
        "take, 2: membarrier",
        "take, 3: read in_scheduler",
        "take, 3: read the processor",
        "take, 3: withdraw the claim",
        "take, 4: swap kClaimed to kTaken",
        "a store becomes visible",
    };
    static_assert(std::size(kNames) == kFlush + 1);
    return kNames[step];
  }

  const int workers_, processors_, stores_;
  const Protocol protocol_;
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_TAKING_MODEL_H_
