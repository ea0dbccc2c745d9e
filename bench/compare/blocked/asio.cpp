#include "peers/asio_pool.h"

#include "plan.h"

// Without Asio it fails, and the table says so.
int main(int argc, char** argv) {
  using namespace preempt::bench;
  const Plan plan = read_plan(argc, argv);
#if PREEMPT_BENCH_HAS_ASIO
  run_plan(plan, [&] { return AsioPool(plan.threads); }, sleep_on_thread);
  return 0;
#else
  return 1;
#endif
}
