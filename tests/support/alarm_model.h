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

// Where an actor is, and what it does next. What all share comes first: bringing forward, and arming.
// clang-format off
#define PREEMPT_ALARM_PLACES(X)                               \
  X(kForward, "bring_forward, swaps the word")                \
  X(kForwardLook, "bring_forward, sees whether it is armed")  \
  X(kArmRead, "arm, reads the word")                          \
  X(kArmSet, "arm, sets the timer")                           \
  X(kArmLook, "arm, reads the word again")                    \
  X(kArmNote, "arm, notes it")                                \
  X(kBegin, "begins, reads the bell")                         \
  X(kResetWanted, "resets wanted_")                           \
  X(kLook, "looks")                                           \
  X(kPublish, "publishes sleeps_until_")                      \
  X(kReadWanted, "reads wanted_")                             \
  X(kReadTimer, "reads the first deadline")                   \
  X(kForgetArmed, "set_for, forgets what was armed")          \
  X(kSetWord, "set_for, stores the word")                     \
  X(kWantedAgain, "reads wanted_ again")                      \
  X(kPlanAgain, "reads sleeps_until_ again")                  \
  X(kMissed, "looks for what it missed")                      \
  X(kSleep, "wakes up")                                       \
  X(kWake, "stays awake")                                     \
  X(kWoken, "forgets sleeps_until_")                          \
  X(kArrive, "brings work")                                   \
  X(kSeePlan, "reads sleeps_until_")                          \
  X(kChooseTime, "reads when the first burst is due")         \
  X(kSwapPlan, "swaps sleeps_until_")                         \
  X(kForwardAgain, "has brought it forward again")            \
  X(kDeadline, "enters its deadline")                         \
  X(kWant, "lowers wanted_")                                  \
  X(kCompare, "reads sleeps_until_")                          \
  X(kReadAlarm, "reads the alarm")                            \
  X(kReadPlan, "reads sleeps_until_")                         \
  X(kRaisePlan, "raises sleeps_until_")                       \
  X(kRaiseWanted, "reads wanted_")                            \
  X(kRaiseTimer, "reads the first deadline")                  \
  X(kSwapAlarm, "postpones the alarm")                        \
  X(kPostponed, "reads wanted_ again")                        \
  X(kPostponedPlan, "reads sleeps_until_ again")              \
  X(kPostponedEnd, "has postponed")                           \
  X(kStopping, "stops it")                                    \
  X(kRing, "rings")                                           \
  X(kEnd, "has ended")
// clang-format on

class AlarmModel {
 public:
  static constexpr std::uint8_t kAwake = 0, kAtOnce = 1, kNever = 7;
  enum Actor : std::uint8_t { kWatchdog, kSubmitter, kSleeper, kPostponer, kStopper, kActors };

#define PREEMPT_ALARM_PLACE(place, name) place,
  enum Place : std::uint8_t { PREEMPT_ALARM_PLACES(PREEMPT_ALARM_PLACE) };
#undef PREEMPT_ALARM_PLACE

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
      if (place == kEnd || (place == kSleep && state.timer > state.clock)) continue;
      for (std::uint8_t choice = 0; choice < choices(place); ++choice) {
        State next = state;
        step(next, next.threads[who], choice);
        emit_checked(next, who, place);
      }
    }
  }

  std::string describe(std::uint32_t step) const {
    if (step / 100 == kActors) return step % 100 == 0 ? "time passes" : "a worker takes the work";
    constexpr const char* kNames[] = {"watchdog", "submitter", "sleeper", "postponer", "stopper"};
#define PREEMPT_ALARM_NAME(place, name) name,
    constexpr const char* kPlaces[] = {PREEMPT_ALARM_PLACES(PREEMPT_ALARM_NAME)};
#undef PREEMPT_ALARM_NAME
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
  static void go(Thread& thread, std::uint8_t place) { thread.place = place; }
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

  void step(State& state, Thread& thread, std::uint8_t choice) const {
    switch (thread.place) {
      // --- Alarm::bring_forward, arm.
      case kForward:
        thread.when = state.at;
        if (state.at <= thread.time) return go(thread, kForwardLook);
        state.at = thread.time;
        return go(thread, kArmRead);
      case kForwardLook:
        return thread.when != state.armed_for ? go(thread, kArmRead) : leave(thread);
      case kArmRead:
        thread.when = state.at;
        return thread.when == kAwake ? leave(thread) : go(thread, kArmSet);
      case kArmSet:
        state.timer = thread.when;
        return go(thread, protocol_ == AlarmProtocol::kArmsOnce ? kArmNote : kArmLook);
      case kArmLook:
        if (state.at == thread.when) return go(thread, kArmNote);
        thread.when = state.at;
        return thread.when == kAwake ? leave(thread) : go(thread, kArmSet);
      case kArmNote:
        state.armed_for = thread.when;
        return leave(thread);

      // --- Watchdog::run, sleep.
      case kBegin:
        thread = state.stopping != 0 ? Thread{} : Thread{.place = kResetWanted, .second = state.bell};
        return;
      case kResetWanted:
        state.wanted = kNever;
        return go(thread, kLook);
      case kLook:
        if (state.clock >= state.deadline) state.deadline = kNever;
        thread.first = state.works != 0 ? soon(state) : kNever;
        state.unseen = 0;
        return go(thread, kPublish);
      case kPublish:
        state.sleeps_until = thread.first;
        return go(thread, kReadWanted);
      case kReadWanted:
        thread.time = std::min(thread.first, state.wanted);
        return go(thread, kReadTimer);
      case kReadTimer:
        thread.time = std::min(thread.time, state.deadline);
        return go(thread, kForgetArmed);
      case kForgetArmed:
        state.armed_for = kAwake;
        return go(thread, kSetWord);
      case kSetWord:
        state.at = std::max(thread.time, kAtOnce);
        thread.then = kWantedAgain;
        return go(thread, kArmRead);
      case kWantedAgain:
        thread.time = protocol_ == AlarmProtocol::kForgetsWanted ? kNever : state.wanted;
        return go(thread, kPlanAgain);
      case kPlanAgain:
        if (protocol_ != AlarmProtocol::kForgetsPlan) thread.time = std::min(thread.time, state.sleeps_until);
        return forward(thread, thread.time, kMissed);
      case kMissed: {
        const bool missed =
            state.bell != thread.second || state.stopping != 0 || (thread.first == kNever && state.works != 0);
        thread = {.place = missed ? kWake : kSleep};
        return;
      }
      case kSleep:
        return go(thread, kWake);
      case kWake:
        state.at = kAwake;
        return go(thread, kWoken);
      case kWoken:
        state.sleeps_until = kAwake;
        return go(thread, kBegin);

      // --- A submitter: work_waits, plan_first_look.
      case kArrive:
        state.works = state.unseen = 1;
        return go(thread, kSeePlan);
      case kSeePlan:
        return state.sleeps_until == kNever ? go(thread, kChooseTime) : next_round(thread, kArrive);
      case kChooseTime:
        thread.first = choice == 0 ? state.clock : soon(state);
        return forward(thread, thread.first, kSwapPlan);
      case kSwapPlan:
        if (state.sleeps_until != kNever) return next_round(thread, kArrive);
        state.sleeps_until = thread.first;
        if (protocol_ == AlarmProtocol::kForwardsOnce) {
          next_round(thread, kArrive);
        } else {
          forward(thread, thread.first, kForwardAgain);
        }
        return;
      case kForwardAgain:
        return next_round(thread, kArrive);

      // --- A task that sleeps: Timers::add, look_at.
      case kDeadline:
        thread.first = std::min<std::uint8_t>(2 + choice, cast_.moments);
        state.deadline = thread.first;
        return go(thread, kWant);
      case kWant:
        state.wanted = std::min(state.wanted, thread.first);
        return go(thread, kCompare);
      case kCompare:
        if (thread.first < state.sleeps_until) {
          forward(thread, thread.first, kEnd);
        } else {
          thread = {};
        }
        return;

      // --- A worker that begins a burst: postpone_look.
      case kReadAlarm:
        thread.first = state.at;
        thread.when = state.clock;
        return go(thread, kReadPlan);
      case kReadPlan: {
        thread.second = state.sleeps_until;
        const std::uint8_t later = thread.second + 1 + choice;
        if (thread.second == kNever || thread.second <= thread.when || thread.first <= thread.when ||
            later > cast_.moments) {
          return next_round(thread, kReadAlarm);
        }
        thread.time = later;
        return go(thread, kRaisePlan);
      }
      case kRaisePlan:
        if (state.sleeps_until != thread.second) return next_round(thread, kReadAlarm);
        state.sleeps_until = thread.time;
        return go(thread, kRaiseWanted);
      case kRaiseWanted:
        thread.time = std::min(thread.time, state.wanted);
        return go(thread, kRaiseTimer);
      case kRaiseTimer:
        thread.time = std::min(thread.time, state.deadline);
        return go(thread, kSwapAlarm);
      case kSwapAlarm:
        if (state.at != thread.first) return next_round(thread, kReadAlarm);
        state.at = std::max(thread.time, kAtOnce);
        thread.then = kPostponed;
        return go(thread, kArmRead);
      case kPostponed:
        if (protocol_ == AlarmProtocol::kPostponesAndLeaves) return next_round(thread, kReadAlarm);
        thread.time = state.wanted;
        return go(thread, kPostponedPlan);
      case kPostponedPlan:
        return forward(thread, std::min(thread.time, state.sleeps_until), kPostponedEnd);
      case kPostponedEnd:
        return next_round(thread, kReadAlarm);

      // --- Watchdog::stop, wake.
      case kStopping:
        state.stopping = 1;
        return go(thread, kRing);
      case kRing:
        state.bell = 1;
        return forward(thread, kAtOnce, kEnd);
    }
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
