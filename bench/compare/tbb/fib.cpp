// Fibonacci numbers by task_group without a cutoff: as many tasks as calls, which do next to nothing.
#include <oneapi/tbb/task_group.h>

#include "workloads.h"

namespace preempt::bench {
namespace {

long fib(int n) {
  if (n < 2) return n;
  long a = 0, b = 0;
  oneapi::tbb::task_group group;
  group.run([&a, n] { a = fib(n - 1); });
  group.run([&b, n] { b = fib(n - 2); });
  group.wait();
  return a + b;
}

long fib_by_loop(int n) {
  long a = 0, b = 1;
  for (int i = 0; i < n; ++i) {
    const long next = a + b;
    a = b;
    b = next;
  }
  return a;
}

}  // namespace

double measure_fib(const Flags& flags) {
  long result = 0;
  const double seconds = seconds_of([&] { result = fib(flags.fib); });
  require(result == fib_by_loop(flags.fib), "fib");
  return seconds;
}

}  // namespace preempt::bench
