#include "peers/mutex_pool.h"

#include "plan.h"

int main(int argc, char** argv) {
  using namespace preempt::bench;
  const Plan plan = read_plan(argc, argv);
  run_plan(plan, [&] { return MutexPool(plan.threads); }, sleep_on_thread);
  return 0;
}
