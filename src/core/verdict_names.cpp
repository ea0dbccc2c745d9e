#include "preempt/stats.h"

namespace preempt {

const char* to_string(Verdict verdict) noexcept {
  // No default: -Wswitch tells of a verdict without a name.
  switch (verdict) {
    case Verdict::kAsleep:
      return "kAsleep";
    case Verdict::kTraced:
      return "kTraced";
    case Verdict::kRequestPending:
      return "kRequestPending";
    case Verdict::kNotAsked:
      return "kNotAsked";
    case Verdict::kCallRewound:
      return "kCallRewound";
    case Verdict::kCallUnreadable:
      return "kCallUnreadable";
    case Verdict::kInScheduler:
      return "kInScheduler";
    case Verdict::kNoPreempt:
      return "kNoPreempt";
    case Verdict::kInSignalHandler:
      return "kInSignalHandler";
    case Verdict::kForeignStack:
      return "kForeignStack";
    case Verdict::kNotSafe:
      return "kNotSafe";
    case Verdict::kTryAgain:
      return "kTryAgain";
    case Verdict::kNotDue:
      return "kNotDue";
    case Verdict::kNothingWaiting:
      return "kNothingWaiting";
    case Verdict::kNoSpare:
      return "kNoSpare";
    case Verdict::kFiberSwitch:
      return "kFiberSwitch";
    case Verdict::kThreadSwitch:
      return "kThreadSwitch";
    case Verdict::kWithoutProcessor:
      return "kWithoutProcessor";
    case Verdict::kUnanswered:
      return "kUnanswered";
    case Verdict::kCount:
      break;
  }
  return "unknown";
}

}  // namespace preempt
