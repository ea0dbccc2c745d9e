// A model of the watchdog's alarm: src/core/README.md, "Watchdog", steps 1 to 4, and src/os/alarm.cpp. One step is one
// access to shared memory or one system call; all of them are locked instructions or order as those do, so there are no
// buffers of stores. Time has a few moments, and passes whenever it likes.
//
// A submitter brings work, which somebody takes at some time; a task sleeps until a deadline; a worker postpones the
// look; somebody stops the watchdog.
#ifndef PREEMPT_TESTS_SUPPORT_ALARM_MODEL_H_
#define PREEMPT_TESTS_SUPPORT_ALARM_MODEL_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <ostream>
#include <string>

namespace preempt::testing {

// The protocol, or one with a flaw that the checker must find.
enum class AlarmProtocol {
  kOurs,
  kForgetsPlan,         // step 1 does not look at sleeps_until_ again
  kForgetsWanted,       // step 1 does not look at wanted_ again
  kForwardsOnce,        // step 3 does not bring the alarm forward after the swap
  kPostponesAndLeaves,  // step 4 does not look again
  kArmsOnce,            // who sets the timer does not look at the word again
};

class AlarmModel {
 public:
  static constexpr std::uint8_t kAwake = 0, kAtOnce = 1, kNever = 7;
  enum Actor : std::uint8_t { kWatchdog, kSubmitter, kSleeper, kPostponer, kStopper, kActors };

  // Where an actor is. What all share comes first: arming, and bringing forward.
  enum Place : std::uint8_t {
    kForward,
    kForwardLook,
    kArmRead,
    kArmSet,
    kArmLook,
    kArmNote,
    kBegin,
    kResetWanted,
    kLook,
    kPublish,
    kReadWanted,
    kReadTimer,
    kForgetArmed,
    kSetWord,
    kWantedAgain,
    kPlanAgain,
    kMissed,
    kSleep,
    kWake,
    kWoken,
    kArrive,
    kSeePlan,
    kChooseTime,
    kSwapPlan,
    kForwardAgain,
    kDeadline,
    kWant,
    kCompare,
    kReadAlarm,
    kReadPlan,
    kRaisePlan,
    kRaiseWanted,
    kRaiseTimer,
    kSwapAlarm,
    kPostponed,
    kPostponedPlan,
    kPostponedEnd,
    kStopping,
    kRing,
    kEnd,
  };

  struct Thread {
    std::uint8_t place = kEnd, then = kEnd, when = 0, time = 0, first = 0, second = 0, rounds = 0;
    bool operator==(const Thread&) const = default;
  };
  struct State {
    std::array<Thread, kActors> threads = {};
    std::uint8_t at = kAwake, armed_for = kAwake, timer = kNever, sleeps_until = kAwake, wanted = kNever;
    std::uint8_t clock = 1, deadline = kNever, works = 0, unseen = 0, bell = 0, stopping = 0;
    bool operator==(const State&) const = default;
  };

  // Who is there beside the watchdog. All together have too many states.
  struct Cast {
    int submissions = 0, postponements = 0;
    bool sleeps = false, stops = false;
    bool work_waits = false;  // from the beginning
    std::uint8_t moments = 3;
  };

  AlarmModel(AlarmProtocol protocol, Cast cast) : protocol_(protocol), cast_(cast) {}

  State initial() const {
    State state;
    state.works = cast_.work_waits;
    state.threads[kWatchdog].place = kBegin;
    if (cast_.submissions > 0) {
      state.threads[kSubmitter] = {.place = kArrive, .rounds = static_cast<std::uint8_t>(cast_.submissions)};
    }
    if (cast_.postponements > 0) {
      state.threads[kPostponer] = {.place = kReadAlarm, .rounds = static_cast<std::uint8_t>(cast_.postponements)};
    }
    if (cast_.sleeps) state.threads[kSleeper].place = kDeadline;
    if (cast_.stops) state.threads[kStopper].place = kStopping;
    return state;
  }

  // Without a stop: what waits is seen, deadlines are served. With one: the watchdog ends.
  int goals() const { return cast_.stops ? 1 : 2; }
  bool is_goal(int goal, const State& state) const {
    if (cast_.stops) return state.threads[kWatchdog].place == kEnd;
    return goal == 0 ? state.unseen == 0 : state.deadline == kNever && state.threads[kSleeper].place == kEnd;
  }

  template <class Emit>
  void successors(const State& state, const Emit& emit) const {
    const auto emit_checked = [&](const State& next, int who, int what) {
      emit(next, static_cast<std::uint32_t>(who * 100 + what), sleeps_too_long(next) ? "it sleeps too long" : nullptr);
    };
    if (state.clock < cast_.moments) {
      State next = state;
      ++next.clock;
      emit_checked(next, kActors, 0);
    }
    if (state.works != 0) {
      State next = state;
      next.works = next.unseen = 0;
      emit_checked(next, kActors, 1);
    }
    for (std::uint8_t who = 0; who < kActors; ++who) {
      const std::uint8_t place = state.threads[who].place;
      if (place == kEnd) continue;
      for (std::uint8_t choice = 0; choice < choices(place); ++choice) {
        State next = state;
        if (step(next, next.threads[who], choice)) emit_checked(next, who, place);
      }
    }
  }

  std::string describe(std::uint32_t step) const {
    if (step / 100 == kActors) return step % 100 == 0 ? "time passes" : "a worker takes the work";
    constexpr const char* kNames[] = {"watchdog", "submitter", "sleeper", "postponer", "stopper"};
    constexpr const char* kPlaces[] = {"bring_forward, swaps the word",
                                       "bring_forward, sees whether it is armed",
                                       "arm, reads the word",
                                       "arm, sets the timer",
                                       "arm, reads the word again",
                                       "arm, notes it",
                                       "begins, reads the bell",
                                       "resets wanted_",
                                       "looks",
                                       "publishes sleeps_until_",
                                       "reads wanted_",
                                       "reads the first deadline",
                                       "set_for, forgets what was armed",
                                       "set_for, stores the word",
                                       "reads wanted_ again",
                                       "reads sleeps_until_ again",
                                       "looks for what it missed",
                                       "wakes up",
                                       "stays awake",
                                       "forgets sleeps_until_",
                                       "brings work",
                                       "reads sleeps_until_",
                                       "reads when the first burst is due",
                                       "swaps sleeps_until_",
                                       "has brought it forward again",
                                       "enters its deadline",
                                       "lowers wanted_",
                                       "reads sleeps_until_",
                                       "reads the alarm",
                                       "reads sleeps_until_",
                                       "raises sleeps_until_",
                                       "reads wanted_",
                                       "reads the first deadline",
                                       "postpones the alarm",
                                       "reads wanted_ again",
                                       "reads sleeps_until_ again",
                                       "has postponed",
                                       "stops it",
                                       "rings",
                                       "has ended"};
    static_assert(std::size(kPlaces) == kEnd + 1);
    return std::string(kNames[step / 100]) + ": " + kPlaces[step % 100];
  }

 private:
  std::uint8_t soon(const State& state) const { return std::min<std::uint8_t>(state.clock + 1, cast_.moments); }

  static std::uint8_t choices(std::uint8_t place) {
    return place == kChooseTime || place == kDeadline || place == kReadPlan ? 2 : 1;
  }

  // With nobody else half-way.
  static bool sleeps_too_long(const State& state) {
    if (state.threads[kWatchdog].place != kSleep) return false;
    for (int who = kSubmitter; who < kActors; ++who) {
      const std::uint8_t place = state.threads[who].place;
      if (place != kEnd && place != kArrive && place != kDeadline && place != kReadAlarm && place != kStopping)
        return false;
    }
    return state.timer > std::min({state.sleeps_until, state.wanted, state.deadline});
  }

  static void forward(Thread& thread, std::uint8_t time, std::uint8_t then) {
    thread.time = std::max(time, kAtOnce);
    thread.place = kForward;
    thread.then = then;
  }
  // Words that mean nothing any more would only make more states.
  static void leave(Thread& thread) {
    thread.place = thread.then;
    thread.then = kEnd;
    thread.when = thread.time = 0;
    if (thread.place == kEnd) thread = {};
  }
  static void next_round(Thread& thread, std::uint8_t first) {
    const auto left = static_cast<std::uint8_t>(thread.rounds - 1);
    thread = {.place = left > 0 ? first : std::uint8_t{kEnd}, .rounds = left};
  }
  static void go(Thread& thread, std::uint8_t place) { thread.place = place; }

  // False: it cannot be done now.
  bool step(State& state, Thread& thread, std::uint8_t choice) const {
    switch (thread.place) {
      // --- Alarm::bring_forward, arm.
      case kForward:
        thread.when = state.at;
        if (state.at > thread.time) {
          state.at = thread.time;
          go(thread, kArmRead);
        } else {
          go(thread, kForwardLook);
        }
        return true;
      case kForwardLook:
        thread.when != state.armed_for ? go(thread, kArmRead) : leave(thread);
        return true;
      case kArmRead:
        thread.when = state.at;
        thread.when == kAwake ? leave(thread) : go(thread, kArmSet);
        return true;
      case kArmSet:
        state.timer = thread.when;
        go(thread, protocol_ == AlarmProtocol::kArmsOnce ? kArmNote : kArmLook);
        return true;
      case kArmLook:
        if (state.at == thread.when) {
          go(thread, kArmNote);
        } else {
          thread.when = state.at;
          thread.when == kAwake ? leave(thread) : go(thread, kArmSet);
        }
        return true;
      case kArmNote:
        state.armed_for = thread.when;
        leave(thread);
        return true;

      // --- Watchdog::run, sleep.
      case kBegin:
        if (state.stopping != 0) {
          thread = {};
          return true;
        }
        thread = {.place = kResetWanted, .second = state.bell};
        return true;
      case kResetWanted:
        state.wanted = kNever;
        go(thread, kLook);
        return true;
      case kLook:
        if (state.clock >= state.deadline) state.deadline = kNever;
        thread.first = state.works != 0 ? soon(state) : kNever;
        state.unseen = 0;
        go(thread, kPublish);
        return true;
      case kPublish:
        state.sleeps_until = thread.first;
        go(thread, kReadWanted);
        return true;
      case kReadWanted:
        thread.time = std::min(thread.first, state.wanted);
        go(thread, kReadTimer);
        return true;
      case kReadTimer:
        thread.time = std::min(thread.time, state.deadline);
        go(thread, kForgetArmed);
        return true;
      case kForgetArmed:
        state.armed_for = kAwake;
        go(thread, kSetWord);
        return true;
      case kSetWord:
        state.at = std::max(thread.time, kAtOnce);
        thread.then = kWantedAgain;
        go(thread, kArmRead);
        return true;
      case kWantedAgain:
        thread.time = protocol_ == AlarmProtocol::kForgetsWanted ? kNever : state.wanted;
        go(thread, kPlanAgain);
        return true;
      case kPlanAgain:
        if (protocol_ != AlarmProtocol::kForgetsPlan) thread.time = std::min(thread.time, state.sleeps_until);
        forward(thread, thread.time, kMissed);
        return true;
      case kMissed: {
        const bool missed =
            state.bell != thread.second || state.stopping != 0 || (thread.first == kNever && state.works != 0);
        thread = {.place = missed ? kWake : kSleep};
        return true;
      }
      case kSleep:
        if (state.timer > state.clock) return false;
        go(thread, kWake);
        return true;
      case kWake:
        state.at = kAwake;
        go(thread, kWoken);
        return true;
      case kWoken:
        state.sleeps_until = kAwake;
        go(thread, kBegin);
        return true;

      // --- A submitter: work_waits, plan_first_look.
      case kArrive:
        state.works = state.unseen = 1;
        go(thread, kSeePlan);
        return true;
      case kSeePlan:
        state.sleeps_until == kNever ? go(thread, kChooseTime) : next_round(thread, kArrive);
        return true;
      case kChooseTime:
        thread.first = choice == 0 ? state.clock : soon(state);
        forward(thread, thread.first, kSwapPlan);
        return true;
      case kSwapPlan:
        if (state.sleeps_until != kNever) {
          next_round(thread, kArrive);
          return true;
        }
        state.sleeps_until = thread.first;
        if (protocol_ == AlarmProtocol::kForwardsOnce) {
          next_round(thread, kArrive);
        } else {
          forward(thread, thread.first, kForwardAgain);
        }
        return true;
      case kForwardAgain:
        next_round(thread, kArrive);
        return true;

      // --- A task that sleeps: Timers::add, look_at.
      case kDeadline:
        thread.first = std::min<std::uint8_t>(2 + choice, cast_.moments);
        state.deadline = thread.first;
        go(thread, kWant);
        return true;
      case kWant:
        state.wanted = std::min(state.wanted, thread.first);
        go(thread, kCompare);
        return true;
      case kCompare:
        if (thread.first < state.sleeps_until) {
          forward(thread, thread.first, kEnd);
        } else {
          thread = {};
        }
        return true;

      // --- A worker that begins a burst: postpone_look.
      case kReadAlarm:
        thread.first = state.at;
        thread.when = state.clock;
        go(thread, kReadPlan);
        return true;
      case kReadPlan: {
        thread.second = state.sleeps_until;
        const std::uint8_t later = thread.second + 1 + choice;
        if (thread.second == kNever || thread.second <= thread.when || thread.first <= thread.when ||
            later > cast_.moments) {
          next_round(thread, kReadAlarm);
          return true;
        }
        thread.time = later;
        go(thread, kRaisePlan);
        return true;
      }
      case kRaisePlan:
        if (state.sleeps_until != thread.second) {
          next_round(thread, kReadAlarm);
          return true;
        }
        state.sleeps_until = thread.time;
        go(thread, kRaiseWanted);
        return true;
      case kRaiseWanted:
        thread.time = std::min(thread.time, state.wanted);
        go(thread, kRaiseTimer);
        return true;
      case kRaiseTimer:
        thread.time = std::min(thread.time, state.deadline);
        go(thread, kSwapAlarm);
        return true;
      case kSwapAlarm:
        if (state.at != thread.first) {
          next_round(thread, kReadAlarm);
          return true;
        }
        state.at = std::max(thread.time, kAtOnce);
        thread.then = kPostponed;
        go(thread, kArmRead);
        return true;
      case kPostponed:
        if (protocol_ == AlarmProtocol::kPostponesAndLeaves) {
          next_round(thread, kReadAlarm);
          return true;
        }
        thread.time = state.wanted;
        go(thread, kPostponedPlan);
        return true;
      case kPostponedPlan:
        forward(thread, std::min(thread.time, state.sleeps_until), kPostponedEnd);
        return true;
      case kPostponedEnd:
        next_round(thread, kReadAlarm);
        return true;

      // --- Watchdog::stop, wake.
      case kStopping:
        state.stopping = 1;
        go(thread, kRing);
        return true;
      case kRing:
        state.bell = 1;
        forward(thread, kAtOnce, kEnd);
        return true;
    }
    return false;
  }

  AlarmProtocol protocol_;
  Cast cast_;
};

inline void PrintTo(const AlarmModel::Cast& cast, std::ostream* out) {
  *out << cast.submissions << " submissions, " << cast.postponements << " postponements, " << (cast.sleeps ? "a" : "no")
       << " deadline, " << (cast.stops ? "a" : "no") << " stop";
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_ALARM_MODEL_H_
