// Algorithms within algorithms, and side by side.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_sort.h>
#include <tbb/partitioner.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using Range = tbb::blocked_range<int>;

PROGRAM(nested_loops) {
  std::atomic<long> sum = 0;
  tbb::parallel_for(0, 6, [&](int i) {
    tbb::parallel_for(0, 6, [&, i](int j) {
      tbb::parallel_for(0, 6, [&, i, j](int k) {
        tbb::parallel_for(0, 6, [&, i, j, k](int l) { sum += 1000 * i + 100 * j + 10 * k + l; });
      });
    });
  });
  std::printf("sum %ld\n", sum.load());
}

PROGRAM(nested_kinds) {
  const long sum = tbb::parallel_reduce(
      Range(0, 20), 0L,
      [](const Range& range, long sum) {
        for (int i = range.begin(); i != range.end(); ++i) {
          std::atomic<long> inner = 0;
          tbb::task_group group;
          for (int j = 0; j < 4; ++j) {
            group.run([&inner, i, j] {
              tbb::parallel_invoke([&] { inner += i; },
                                   [&] {
                                     tbb::parallel_for(
                                         Range(0, 10, 2), [&](const Range& r) { inner += j * r.size(); },
                                         tbb::simple_partitioner());
                                   });
            });
          }
          group.wait();
          sum += inner;
        }
        return sum;
      },
      std::plus<>());
  std::printf("sum %ld\n", sum);
}

int fib(int n) {
  if (n < 2) return n;
  int left = 0;
  int right = 0;
  tbb::task_group group;
  group.run([&] { left = fib(n - 1); });
  group.run_and_wait([&] { right = fib(n - 2); });
  return left + right;
}

PROGRAM(nested_fib) { std::printf("fib(17) %d\n", fib(17)); }

int fib_invoke(int n) {
  if (n < 2) return n;
  int left = 0;
  int right = 0;
  tbb::parallel_invoke([&] { left = fib_invoke(n - 1); }, [&] { right = fib_invoke(n - 2); });
  return left + right;
}

PROGRAM(nested_fib_invoke) { std::printf("fib(16) %d\n", fib_invoke(16)); }

int deep(int depth) {
  if (depth == 0) return 1;
  tbb::task_group group;
  int below = 0;
  group.run([&] { below = deep(depth - 1); });
  group.wait();
  return below + 1;
}

PROGRAM(nested_deep) { std::printf("depth %d\n", deep(100)); }

// Long enough, about 20 ms, to be preempted in the middle; in floating point, so that a lost register would be seen.
PROGRAM(nested_long_bodies) {
  std::array<double, 8> sums = {};
  tbb::parallel_for(0, 8, [&](int i) {
    double sum = 0;
    for (int j = 1; j <= 300000; ++j) sum += std::sqrt(double(j + i)) / j;
    sums[i] = sum;
  });
  for (int i = 0; i < 8; ++i) {
    double sum = 0;
    for (int j = 1; j <= 300000; ++j) sum += std::sqrt(double(j + i)) / j;
    std::printf("%d", sum == sums[i]);
  }
  std::printf("\n");
}

PROGRAM(threads_side_by_side) {
  std::array<long, 4> results = {};
  std::vector<std::thread> threads;
  threads.emplace_back([&] {
    std::atomic<long> sum = 0;
    for (int i = 0; i < 20; ++i) tbb::parallel_for(0, 200, [&](int j) { sum += j; });
    results[0] = sum;
  });
  threads.emplace_back([&] {
    for (int i = 0; i < 20; ++i) {
      results[1] += tbb::parallel_reduce(
          Range(0, 1000), 0L, [](const Range& range, long sum) { return sum + long(range.size()); }, std::plus<>());
    }
  });
  threads.emplace_back([&] { results[2] = fib(12); });
  threads.emplace_back([&] {
    std::vector<int> values(20000);
    for (int i = 0; i < 20000; ++i) values[i] = i * 7919 % 20011;
    tbb::parallel_sort(values);
    results[3] = std::is_sorted(values.begin(), values.end());
  });
  for (std::thread& thread : threads) thread.join();
  for (const long result : results) std::printf("%ld\n", result);
}

PROGRAM(threads_that_come_and_go) {
  long sum = 0;
  for (int i = 0; i < 50; ++i) {
    std::thread([&] {
      std::atomic<int> ran = 0;
      tbb::parallel_for(0, 50, [&](int) { ++ran; });
      sum += ran;
    }).join();
  }
  std::printf("sum %ld\n", sum);
}

PROGRAM(threads_fail_apart) {
  // The failure of one thread's loop is not the other's.
  std::atomic<int> failed = 0;
  std::atomic<int> finished = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int j = 0; j < 10; ++j) {
        const auto loop = [&] {
          tbb::parallel_for(0, 100, [&](int k) {
            if (i % 2 == 0 && k == 50) throw std::runtime_error("of this thread");
          });
        };
        ++(thrown_by(loop) == "of this thread" ? failed : finished);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("failed %d, finished %d\n", failed.load(), finished.load());
}

PROGRAM(wait_in_other_thread) {
  // Begun by one thread, waited for by another of the same arena.
  tbb::task_arena arena(2);
  tbb::task_group group;
  std::atomic<int> ran = 0;
  std::thread([&] {
    arena.execute([&] {
      for (int i = 0; i < 100; ++i) group.run([&] { ++ran; });
    });
  }).join();
  std::thread([&] { arena.execute([&] { group.wait(); }); }).join();
  std::printf("ran %d\n", ran.load());
}

}  // namespace
}  // namespace tbb_programs
