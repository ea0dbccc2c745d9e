// Variants: "pinned" sleeps as the peers do, "migratable" by preempt::sleep_for. The number of threads is that of the
// processors here.
#include "peers/preempt_pool.h"

#include "plan.h"
#include "preempt/checkpoint.h"

int main(int argc, char** argv) {
  using namespace preempt::bench;
  const Plan plan = read_plan(argc, argv);
  const bool migratable = plan.variant == "migratable";
  const preempt::Options options = {.processors = plan.threads, .migratable = migratable};
  const auto make_pool = [&] { return PreemptPool(options); };
  if (migratable) {
    run_plan(plan, make_pool, [](std::chrono::microseconds time) { preempt::sleep_for(time); });
  } else {
    run_plan(plan, make_pool, sleep_on_thread);
  }
  return 0;
}
