// Every algorithm: an exception of a body arrives once, at the caller; a cancelled one returns.
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_for_each.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>
#include <tbb/parallel_sort.h>
#include <tbb/partitioner.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <list>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using Range = tbb::blocked_range<int>;

[[noreturn]] void fail(const char* where) { throw std::runtime_error(where); }

template <typename Function>
void report(Function&& function) {
  std::printf("%s\n", thrown_by(function).c_str());
}

PROGRAM(failing_parallel_for) {
  const auto body = [](const Range& range) {
    if (range.begin() <= 777 && 777 < range.end()) fail("of a range");
  };
  report([&] { tbb::parallel_for(Range(0, 2000), body); });
  report([&] { tbb::parallel_for(Range(0, 2000, 3), body, tbb::simple_partitioner()); });
  report([&] { tbb::parallel_for(Range(0, 2000), body, tbb::static_partitioner()); });
  tbb::affinity_partitioner affinity;
  for (int i = 0; i < 2; ++i) report([&] { tbb::parallel_for(Range(0, 2000), body, affinity); });
  report([] { tbb::parallel_for(0, 100, [](int) { fail("of every index"); }); });
  report([] {
    tbb::parallel_for(0, 100, 3, [](int i) {
      if (i == 99) fail("of the last index");
    });
  });
  tbb::task_group_context context;
  report([&] {
    tbb::parallel_for(
        0, 100,
        [](int i) {
          if (i == 0) fail("with a context");
        },
        context);
  });
  std::printf("the context is cancelled %d\n", context.is_group_execution_cancelled());
  std::atomic<int> ran = 0;
  tbb::parallel_for(0, 100, [&](int) { ++ran; });
  std::printf("afterwards %d\n", ran.load());
}

PROGRAM(failing_reductions) {
  const auto body = [](const Range& range, int sum) {
    if (range.begin() <= 100 && 100 < range.end()) fail("of a reduction");
    return sum;
  };
  report([&] { tbb::parallel_reduce(Range(0, 1000), 0, body, std::plus<>()); });
  report([&] { tbb::parallel_reduce(Range(0, 1000, 9), 0, body, std::plus<>(), tbb::simple_partitioner()); });
  report([&] { tbb::parallel_deterministic_reduce(Range(0, 1000, 9), 0, body, std::plus<>()); });
  report([&] {
    tbb::parallel_deterministic_reduce(
        Range(0, 1000, 100), 0, [](const Range&, int sum) { return sum; }, [](int, int) -> int { fail("of a join"); });
  });
  report([&] {
    tbb::parallel_scan(
        Range(0, 1000, 9), 0, [&](const Range& range, int sum, bool) { return body(range, sum); }, std::plus<>());
  });
}

PROGRAM(failing_parallel_for_each) {
  std::vector<int> values(500);
  std::iota(values.begin(), values.end(), 0);
  const auto body = [](int value) {
    if (value == 123) fail("of an element");
  };
  report([&] { tbb::parallel_for_each(values, body); });
  const std::list<int> list(values.begin(), values.end());
  report([&] { tbb::parallel_for_each(list.begin(), list.end(), body); });
  report([&] {
    tbb::parallel_for_each(values.begin(), values.begin() + 1, [](int value, tbb::feeder<int>& feeder) {
      if (value == 40) fail("of a fed element");
      feeder.add(value + 1);
    });
  });
}

PROGRAM(failing_parallel_invoke) {
  std::atomic<int> ran = 0;
  report([&] { tbb::parallel_invoke([&] { ++ran; }, [] { fail("of the second function"); }); });
  report([] { tbb::parallel_invoke([] { fail("of each function"); }, [] { fail("of each function"); }); });
  report([] {
    tbb::parallel_invoke([] {}, [] { tbb::parallel_invoke([] {}, [] { fail("of a nested function"); }); }, [] {});
  });
}

PROGRAM(failing_parallel_sort) {
  std::vector<int> values(5000);
  for (int i = 0; i < 5000; ++i) values[i] = i * 7919 % 5003;
  report([&] {
    tbb::parallel_sort(values.begin(), values.end(), [](int a, int b) {
      if (a == 4321) fail("of a comparison");
      return a < b;
    });
  });
  std::printf("elements %zu\n", values.size());
}

PROGRAM(failing_levels) {
  // Out of three loops; the bodies of the outer ones can catch it too.
  report([] {
    tbb::parallel_for(0, 4, [](int i) {
      tbb::parallel_for(0, 4, [i](int j) {
        tbb::parallel_for(0, 4, [i, j](int k) {
          if (i == 1 && j == 2 && k == 3) fail("of the third level");
        });
      });
    });
  });
  std::atomic<int> caught = 0;
  tbb::parallel_for(0, 10, [&](int) {
    if (thrown_by([] { tbb::parallel_for(0, 10, [](int) { fail("inside"); }); }) == "inside") ++caught;
  });
  std::printf("caught by %d bodies\n", caught.load());
}

PROGRAM(cancelled_algorithms) {
  tbb::task_group_context context;
  const auto cancelled = [&](const char* name) {
    std::printf("%s returned, cancelled %d\n", name, context.is_group_execution_cancelled());
    context.reset();
  };
  tbb::parallel_for(
      0, 1000, [&](int) { context.cancel_group_execution(); }, context);
  cancelled("parallel_for");
  tbb::parallel_for(
      Range(0, 1000), [&](const Range&) { context.cancel_group_execution(); }, tbb::static_partitioner(), context);
  cancelled("parallel_for, static");
  const auto body = [&](const Range&, int sum) {
    context.cancel_group_execution();
    return sum;
  };
  tbb::parallel_reduce(Range(0, 1000), 0, body, std::plus<>(), context);
  cancelled("parallel_reduce");
  tbb::parallel_deterministic_reduce(Range(0, 1000), 0, body, std::plus<>(), context);
  cancelled("parallel_deterministic_reduce");
  // Endless without the cancellation.
  const std::vector<int> roots = {0};
  tbb::parallel_for_each(
      roots.begin(), roots.end(),
      [&](int value, tbb::feeder<int>& feeder) {
        if (value == 100) context.cancel_group_execution();
        feeder.add(value + 1);
      },
      context);
  cancelled("parallel_for_each");
  tbb::parallel_invoke([&] { context.cancel_group_execution(); }, [] {}, context);
  cancelled("parallel_invoke");
  std::atomic<int> ran = 0;
  tbb::parallel_for(
      0, 100, [&](int) { ++ran; }, context);
  std::printf("afterwards %d\n", ran.load());
}

PROGRAM(cancelled_from_a_thread) {
  tbb::task_group_context context;
  std::atomic<bool> started = false;
  std::thread canceller([&] {
    while (!started) std::this_thread::yield();
    context.cancel_group_execution();
  });
  tbb::parallel_for(
      0, 4,
      [&](int) {
        started = true;
        while (!tbb::is_current_task_group_canceling()) std::this_thread::yield();
      },
      context);
  canceller.join();
  std::printf("cancelled %d\n", context.is_group_execution_cancelled());
}

}  // namespace
}  // namespace tbb_programs
