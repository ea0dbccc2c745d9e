#include <tbb/task.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

const char* name_of(tbb::task_group_status status) {
  switch (status) {
    case tbb::not_complete:
      return "not complete";
    case tbb::complete:
      return "complete";
    case tbb::canceled:
      return "canceled";
  }
  return "unknown";
}

// Ends when its group is cancelled; the limit is for a runtime that does not get there.
void run_until_cancelled() {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!tbb::is_current_task_group_canceling() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
}

PROGRAM(task_group_run_and_wait) {
  tbb::task_group group;
  std::printf("empty: %s\n", name_of(group.wait()));
  std::atomic<int> sum = 0;
  for (int i = 1; i <= 100; ++i) group.run([&sum, i] { sum += i; });
  std::printf("wait: %s\n", name_of(group.wait()));
  std::printf("sum %d\n", sum.load());
  group.run([&] { sum += 1; });
  std::printf("run_and_wait: %s\n", name_of(group.run_and_wait([&] { sum += 1000; })));
  std::printf("sum %d\n", sum.load());
}

PROGRAM(task_group_copies_functor) {
  // A task owns a copy of its functor, destroyed when the task has run.
  auto shared = std::make_shared<int>(7);
  std::atomic<int> sum = 0;
  tbb::task_group group;
  for (int i = 0; i < 10; ++i) group.run([shared, &sum] { sum += *shared; });
  group.wait();
  std::printf("sum %d, owners %ld\n", sum.load(), shared.use_count());
  std::string large(1000, 'x');
  std::atomic<std::size_t> length = 0;
  group.run([large, &length] { length += large.size(); });
  group.run([large = std::move(large), &length] { length += large.size(); });
  group.wait();
  std::printf("length %zu\n", length.load());
}

PROGRAM(task_group_deferred_tasks) {
  tbb::task_group group;
  std::atomic<int> ran = 0;
  tbb::task_handle none;
  std::printf("none: %d %d\n", bool(none), none == nullptr);
  tbb::task_handle first = group.defer([&] { ran += 1; });
  tbb::task_handle second = group.defer([&] { ran += 10; });
  std::printf("first: %d %d, ran %d\n", bool(first), nullptr != first, ran.load());
  tbb::task_handle moved = std::move(first);
  std::printf("moved from: %d, moved to: %d\n", bool(first), bool(moved));
  group.run(std::move(moved));
  std::printf("wait in run_and_wait: %s\n", name_of(group.run_and_wait(std::move(second))));
  std::printf("ran %d, handles %d %d\n", ran.load(), bool(moved), bool(second));
  auto shared = std::make_shared<int>(0);
  {
    tbb::task_handle never_run = group.defer([&ran, shared] { ran += 100; });
  }
  std::printf("dropped: owners %ld, wait %s, ", shared.use_count(), name_of(group.wait()));
  std::printf("ran %d\n", ran.load());
}

PROGRAM(task_group_returned_tasks) {
  // A body may return the task to run next.
  tbb::task_group group;
  std::atomic<int> steps = 0;
  group.run([&] {
    ++steps;
    return group.defer([&] {
      ++steps;
      return group.defer([&] { ++steps; });
    });
  });
  group.run([] { return tbb::task_handle(); });
  std::printf("%s, ", name_of(group.wait()));
  std::printf("steps %d\n", steps.load());
}

void grow(tbb::task_group& group, std::atomic<int>& leaves, int depth) {
  if (depth == 0) {
    ++leaves;
    return;
  }
  for (int i = 0; i < 2; ++i) group.run([&group, &leaves, depth] { grow(group, leaves, depth - 1); });
}

PROGRAM(task_group_filled_by_its_tasks) {
  tbb::task_group group;
  std::atomic<int> leaves = 0;
  group.run_and_wait([&] { grow(group, leaves, 9); });
  std::printf("leaves %d\n", leaves.load());
}

PROGRAM(task_group_nested) {
  std::atomic<int> innermost = 0;
  tbb::task_group outer;
  for (int i = 0; i < 5; ++i) {
    outer.run([&] {
      tbb::task_group middle;
      std::atomic<int> finished = 0;
      for (int j = 0; j < 5; ++j) {
        middle.run([&] {
          tbb::task_group inner;
          for (int k = 0; k < 5; ++k) inner.run([&] { ++innermost; });
          inner.wait();
          ++finished;
        });
      }
      middle.wait();
      if (finished != 5) std::printf("the wait for the middle group ended early\n");
    });
  }
  outer.wait();
  std::printf("innermost %d\n", innermost.load());
}

PROGRAM(task_group_filled_by_threads) {
  // In one arena: nobody has to run what a thread leaves behind in its own, where there may be no workers.
  tbb::task_arena arena(2);
  tbb::task_group group;
  std::atomic<int> ran = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 100; ++j) arena.execute([&] { group.run([&] { ++ran; }); });
    });
  }
  for (std::thread& thread : threads) thread.join();
  arena.execute([&] { group.wait(); });
  std::printf("ran %d\n", ran.load());
}

struct OwnError {
  int code;
};

PROGRAM(task_group_exceptions) {
  tbb::task_group group;
  for (int round = 0; round < 3; ++round) {
    group.run([] { throw std::runtime_error("from a task"); });
    std::printf("wait: %s\n", thrown_by([&] { group.wait(); }).c_str());
  }
  std::printf("run_and_wait: %s\n",
              thrown_by([&] { group.run_and_wait([] { throw std::logic_error("from the caller's"); }); }).c_str());
  std::printf("deferred: %s\n", thrown_by([&] {
                                  group.run(group.defer([] { throw std::out_of_range("from a handle"); }));
                                  group.wait();
                                }).c_str());
  try {
    group.run([] { throw OwnError{42}; });
    group.wait();
  } catch (const OwnError& e) {
    std::printf("own error %d\n", e.code);
  }
  try {
    group.run([] { throw 7; });
    group.wait();
  } catch (int value) {
    std::printf("int %d\n", value);
  }
  int caught = 0;
  try {
    for (int i = 0; i < 50; ++i) group.run([] { throw std::runtime_error("one of many"); });
    group.wait();
  } catch (const std::runtime_error& e) {
    ++caught;
    std::printf("%s\n", e.what());
  }
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) group.run([&] { ++ran; });
  std::printf("caught %d, after it: %s, ", caught, name_of(group.wait()));
  std::printf("ran %d\n", ran.load());
}

PROGRAM(task_group_exception_through_levels) {
  const std::string text = thrown_by([] {
    tbb::task_group outer;
    outer.run_and_wait([] {
      tbb::task_group inner;
      inner.run([] {
        tbb::task_group innermost;
        innermost.run([] { throw std::runtime_error("from three levels down"); });
        innermost.wait();
      });
      inner.wait();
    });
  });
  std::printf("%s\n", text.c_str());
  tbb::task_group group;
  bool inside = false;
  const tbb::task_group_status status = group.run_and_wait([&] {
    tbb::task_group inner;
    inner.run([] { throw std::runtime_error("caught in between"); });
    inside = thrown_by([&] { inner.wait(); }) == "caught in between";
  });
  std::printf("caught inside %d, outer %s\n", inside, name_of(status));
}

PROGRAM(task_group_cancel) {
  tbb::task_group group;
  std::printf("outside: %d\n", tbb::is_current_task_group_canceling());
  std::atomic<int> ran = 0;
  group.cancel();
  for (int i = 0; i < 50; ++i) group.run([&] { ++ran; });
  std::printf("cancelled before: %s, ", name_of(group.wait()));
  std::printf("ran %d\n", ran.load());
  for (int i = 0; i < 50; ++i) group.run([&] { ++ran; });
  std::printf("again: %s, ", name_of(group.wait()));
  std::printf("ran %d\n", ran.load());
  bool before = true;
  bool after = false;
  const tbb::task_group_status status = group.run_and_wait([&] {
    before = tbb::is_current_task_group_canceling();
    group.cancel();
    after = tbb::is_current_task_group_canceling();
  });
  std::printf("from inside: %s, before %d, after %d\n", name_of(status), before, after);
  group.run([] { run_until_cancelled(); });
  group.run([] { run_until_cancelled(); });
  group.cancel();
  std::printf("running ones: %s\n", name_of(group.wait()));
}

PROGRAM(task_group_with_context) {
  tbb::task_group_context context(tbb::task_group_context::isolated);
  tbb::task_group group(context);
  bool same = false;
  group.run([&] { same = tbb::task::current_context() == &context; });
  std::printf("%s\n", name_of(group.wait()));
  std::printf("its own context %d\n", same);
  context.cancel_group_execution();
  std::atomic<int> ran = 0;
  group.run([&] { ++ran; });
  std::printf("%s\n", name_of(group.wait()));
  std::printf("ran %d, cancelled after the wait %d\n", ran.load(), context.is_group_execution_cancelled());
  std::printf("%s\n", thrown_by([&] {
                        group.run([] { throw std::runtime_error("with a context"); });
                        group.wait();
                      }).c_str());
}

PROGRAM(task_group_missing_wait) {
  try {
    tbb::task_group group;
    // Cannot have ended when the group is destroyed.
    group.run([] { run_until_cancelled(); });
  } catch (const tbb::missing_wait& e) {
    std::printf("missing_wait: %s\n", e.what());
  }
  const std::string text = thrown_by([] {
    tbb::task_group group;
    group.run([] { run_until_cancelled(); });
    throw std::runtime_error("the exception that was under way");
  });
  std::printf("%s\n", text.c_str());
}

PROGRAM(task_group_isolated) {
  tbb::isolated_task_group group;
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) group.run([&] { ++ran; });
  group.run(group.defer([&] { ran += 100; }));
  std::printf("%s, ", name_of(group.wait()));
  std::printf("ran %d\n", ran.load());
  std::printf("%s, ", name_of(group.run_and_wait([&] { ran += 1000; })));
  std::printf("ran %d\n", ran.load());
  std::printf("%s\n", thrown_by([&] {
                        group.run([] { throw std::runtime_error("from an isolated group"); });
                        group.wait();
                      }).c_str());
}

PROGRAM(task_group_reused) {
  tbb::task_group group;
  std::atomic<int> ran = 0;
  int too_early = 0;
  for (int i = 1; i <= 1000; ++i) {
    for (int j = 0; j < 3; ++j) group.run([&] { ++ran; });
    group.wait();
    if (ran != 3 * i) ++too_early;
  }
  std::printf("ran %d, waits that ended early %d\n", ran.load(), too_early);
}

PROGRAM(task_is_inside) {
  std::printf("outside %d %d\n", tbb::is_inside_task(), tbb::task::current_context() != nullptr);
  tbb::task_group group;
  bool inside = false;
  group.run_and_wait([&] { inside = tbb::is_inside_task(); });
  std::printf("inside %d, afterwards %d\n", inside, tbb::is_inside_task());
}

}  // namespace
}  // namespace tbb_programs
