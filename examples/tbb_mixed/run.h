// Runs a plan in oneTBB arenas. The one source of this example that knows oneTBB; none knows preempt.
#ifndef PREEMPT_EXAMPLES_TBB_MIXED_RUN_H_
#define PREEMPT_EXAMPLES_TBB_MIXED_RUN_H_

#include <chrono>
#include <cstdint>
#include <vector>

#include "plan.h"

namespace tbb_mixed {

inline constexpr int kSlots = 2;  // of each arena

// In rounds of compute().
struct Lengths {
  std::uint64_t short_body = 0;
  std::uint64_t long_body = 0;
};

// Enqueues each body when it is due, however long the earlier ones take, and waits for all. Returns the latencies, in
// the plan's order: from the *planned* arrival to the body's end, so that a late enqueue hides nothing.
std::vector<std::chrono::nanoseconds> run(const std::vector<Arrival>& plan, const Lengths& lengths);

}  // namespace tbb_mixed

#endif  // PREEMPT_EXAMPLES_TBB_MIXED_RUN_H_
