#include "peers/tbb_pool.h"

#include "plan.h"

int main(int argc, char** argv) {
  using namespace preempt::bench;
  const Plan plan = read_plan(argc, argv);
  run_plan(plan, [&] { return TbbPool(plan.threads); }, sleep_on_thread);
  return 0;
}
