// A oneTBB program, linked with preempt::tbb.
#include <oneapi/tbb/parallel_for.h>

#include <atomic>

int main() {
  std::atomic<int> sum = 0;
  oneapi::tbb::parallel_for(0, 100, [&](int i) { sum += i; });
  return sum == 4950 ? 0 : 1;
}
