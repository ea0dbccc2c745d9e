#include <tbb/blocked_range.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

long sum_to(int n) {
  return tbb::parallel_reduce(
      tbb::blocked_range<int>(0, n + 1), 0L,
      [](const tbb::blocked_range<int>& range, long sum) {
        for (int i = range.begin(); i != range.end(); ++i) sum += i;
        return sum;
      },
      std::plus<>());
}

PROGRAM(arena_execute) {
  tbb::task_arena arena(2);
  int calls = 0;
  arena.execute([&] { ++calls; });
  std::printf("void: calls %d\n", calls);
  std::printf("value: %ld\n", arena.execute([] { return sum_to(1000); }));
  const std::unique_ptr<int> owner = arena.execute([] { return std::make_unique<int>(5); });
  std::printf("move-only: %d\n", *owner);
  const std::string text = arena.execute([] { return std::string(100, 'y'); });
  std::printf("text: %zu\n", text.size());
  std::printf("exception: %s\n",
              thrown_by([&] { arena.execute([] { throw std::runtime_error("out of the arena"); }); }).c_str());
  std::printf("out of a loop: %s\n",
              thrown_by([&] {
                arena.execute([] { tbb::parallel_for(0, 100, [](int) { throw std::logic_error("in the arena"); }); });
              }).c_str());
  std::printf("afterwards: %ld\n", arena.execute([] { return sum_to(10); }));
  // A functor with state is called as it is, not as a copy.
  struct Mutable {
    int count = 0;
    int operator()() { return ++count; }
  } functor;
  arena.execute(functor);
  std::printf("mutable: %d\n", arena.execute(functor));
}

PROGRAM(arena_execute_nested) {
  tbb::task_arena first(2);
  tbb::task_arena second(3);
  tbb::task_arena third(1);
  const long same = first.execute([&] { return first.execute([&] { return sum_to(100); }); });
  std::printf("the same arena: %ld\n", same);
  const std::array<int, 5> limits = first.execute([&] {
    std::array<int, 5> limits = {};
    limits[0] = tbb::this_task_arena::max_concurrency();
    second.execute([&] {
      limits[1] = tbb::this_task_arena::max_concurrency();
      third.execute([&] { limits[2] = tbb::this_task_arena::max_concurrency(); });
      limits[3] = tbb::this_task_arena::max_concurrency();
    });
    limits[4] = tbb::this_task_arena::max_concurrency();
    return limits;
  });
  for (const int limit : limits) std::printf("%d ", limit);
  std::printf("\n");
  std::atomic<long> sum = 0;
  first.execute([&] {
    tbb::parallel_for(0, 8,
                      [&](int) { sum += second.execute([&] { return third.execute([] { return sum_to(20); }); }); });
  });
  std::printf("from a loop: %ld\n", sum.load());
}

PROGRAM(arena_enqueue) {
  tbb::task_arena arena(2);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) arena.enqueue([&] { ++ran; });
  std::printf("enqueued: %d\n", eventually([&] { return ran == 100; }));
  tbb::task_group group;
  for (int i = 0; i < 50; ++i) arena.enqueue(group.defer([&] { ++ran; }));
  arena.execute([&] { group.wait(); });
  std::printf("by handle: %d\n", ran.load());
  arena.execute([&] {
    for (int i = 0; i < 10; ++i) tbb::this_task_arena::enqueue([&] { ++ran; });
    for (int i = 0; i < 10; ++i) tbb::this_task_arena::enqueue(group.defer([&] { ++ran; }));
    group.wait();
  });
  std::printf("from inside: %d\n", eventually([&] { return ran == 170; }));
  arena.enqueue([&] {
    tbb::parallel_for(0, 30, [&](int) { ++ran; });
    arena.enqueue([&] { ++ran; });
  });
  std::printf("by an enqueued one: %d\n", eventually([&] { return ran == 201; }));
  tbb::this_task_arena::enqueue([&] { ++ran; });
  std::printf("to the thread's own arena: %d\n", eventually([&] { return ran == 202; }));
}

PROGRAM(arena_enqueue_to_one) {
  // With a single slot, which is reserved for threads from outside, an enqueued task has to run all the same.
  tbb::task_arena arena(1);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) arena.enqueue([&] { ++ran; });
  std::printf("ran %d\n", eventually([&] { return ran == 20; }));
}

PROGRAM(arena_thousand) {
  long sum = 0;
  for (int i = 0; i < 1000; ++i) {
    tbb::task_arena arena(1 + i % 3);
    sum += arena.execute([] { return sum_to(20); });
  }
  std::printf("one after the other: %ld\n", sum);
  std::vector<std::unique_ptr<tbb::task_arena>> arenas;
  for (int i = 0; i < 1000; ++i) arenas.push_back(std::make_unique<tbb::task_arena>(2));
  for (const auto& arena : arenas) arena->initialize();
  sum = 0;
  for (int i = 0; i < 1000; i += 10) sum += arenas[i]->execute([] { return sum_to(20); });
  arenas.clear();
  std::printf("at once: %ld\n", sum);
}

// The pacer sees work in an arena whose last owner leaves meanwhile: it must not add a worker to it.
PROGRAM(arena_freed_while_the_pacer_looks) {
  long sum = 0;
  for (int i = 0; i < 2000; ++i) {
    tbb::task_arena arena(2);
    sum += arena.execute([] { return sum_to(50); });
  }
  std::printf("%ld\n", sum);
}

PROGRAM(arena_lifecycle) {
  tbb::task_arena arena(3);
  std::printf("made: active %d, concurrency %d\n", arena.is_active(), arena.max_concurrency());
  arena.initialize();
  arena.initialize();
  std::printf("initialised: active %d\n", arena.is_active());
  const tbb::task_arena copy(arena);
  std::printf("copy: active %d, concurrency %d\n", copy.is_active(), copy.max_concurrency());
  arena.terminate();
  arena.terminate();
  std::printf("terminated: active %d\n", arena.is_active());
  arena.initialize(5, 2, tbb::task_arena::priority::high);
  std::printf("again: active %d, concurrency %d\n", arena.is_active(), arena.max_concurrency());
  std::printf("inside %d\n", arena.execute([] { return tbb::this_task_arena::max_concurrency(); }));
  std::printf("sum %ld\n", arena.execute([] { return sum_to(50); }));
  arena.terminate();
  std::printf("by execute: %ld, ", arena.execute([] { return sum_to(50); }));
  std::printf("active %d\n", arena.is_active());
}

PROGRAM(arena_concurrency) {
  const tbb::task_arena automatic;
  std::printf("automatic %d\n", automatic.max_concurrency() == tbb::info::default_concurrency());
  std::printf("of this thread %d\n", tbb::this_task_arena::max_concurrency() == tbb::info::default_concurrency());
  for (const int limit : {1, 2, 7, 40}) {
    tbb::task_arena arena(limit);
    const int outside = arena.max_concurrency();
    const int inside = arena.execute([] { return tbb::this_task_arena::max_concurrency(); });
    std::printf("%d: %d %d\n", limit, outside, inside);
  }
  const tbb::task_arena constrained(tbb::task_arena::constraints{}.set_max_concurrency(2));
  std::printf("constrained %d\n", constrained.max_concurrency());
  for (const unsigned reserved : {0U, 1U, 2U, 4U}) {
    tbb::task_arena arena(4, reserved);
    std::printf("reserved %u: %ld\n", reserved, arena.execute([] { return sum_to(30); }));
  }
}

PROGRAM(arena_attach) {
  tbb::task_arena early{tbb::task_arena::attach()};
  std::printf("without an arena: active %d\n", early.is_active());
  std::printf("usable %ld, ", early.execute([] { return sum_to(10); }));
  std::printf("active %d\n", early.is_active());
  tbb::parallel_for(0, 10, [](int) {});
  tbb::task_arena attached{tbb::attach()};
  std::printf("with one: active %d, usable %ld\n", attached.is_active(), attached.execute([] { return sum_to(10); }));
  tbb::task_arena arena(3);
  arena.execute([&] {
    tbb::task_arena inner{tbb::task_arena::attach()};
    std::printf("inside: active %d, concurrency %d\n", inner.is_active(), inner.max_concurrency());
    std::atomic<int> ran = 0;
    for (int i = 0; i < 10; ++i) inner.enqueue([&] { ++ran; });
    std::printf("enqueued %d\n", eventually([&] { return ran == 10; }));
    tbb::task_arena later(2);
    later.initialize(tbb::attach());
    std::printf("later: active %d, concurrency %d\n", later.is_active(),
                later.execute([] { return tbb::this_task_arena::max_concurrency(); }));
  });
}

PROGRAM(arena_priorities) {
  using Priority = tbb::task_arena::priority;
  std::atomic<int> ran = 0;
  tbb::task_arena low(2, 1, Priority::low);
  tbb::task_arena normal(2, 1, Priority::normal);
  tbb::task_arena high(2, 1, Priority::high);
  for (int i = 0; i < 50; ++i) {
    for (tbb::task_arena* arena : {&low, &normal, &high}) {
      arena->enqueue([&] { tbb::parallel_for(0, 10, [&](int) { ++ran; }); });
    }
  }
  std::printf("all ran %d\n", eventually([&] { return ran == 1500; }));
  std::printf("%ld %ld\n", low.execute([] { return sum_to(10); }), high.execute([] { return sum_to(20); }));
}

PROGRAM(arena_of_many_threads) {
  tbb::task_arena arena(2);
  std::atomic<long> sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 20; ++j) {
        sum += arena.execute([&] {
          std::this_thread::yield();
          return sum_to(100);
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("sum %ld\n", sum.load());
  std::vector<std::thread> failing;
  std::atomic<int> caught = 0;
  for (int i = 0; i < 6; ++i) {
    failing.emplace_back([&] {
      caught += thrown_by([&] { arena.execute([] { throw std::runtime_error("to its own thread"); }); }) ==
                "to its own thread";
    });
  }
  for (std::thread& thread : failing) thread.join();
  std::printf("caught %d\n", caught.load());
}

PROGRAM(arena_thread_index) {
  std::atomic<bool> in_range = true;
  const auto check = [&] {
    const int index = tbb::this_task_arena::current_thread_index();
    if (index < 0 || index >= tbb::this_task_arena::max_concurrency()) in_range = false;
  };
  tbb::task_arena arena(4);
  arena.execute([&] { tbb::parallel_for(0, 500, [&](int) { check(); }); });
  std::printf("in an arena: %d\n", in_range.load());
  tbb::parallel_for(0, 500, [&](int) { check(); });
  std::printf("in the thread's own: %d\n", in_range.load());
  int other = 0;
  std::thread([&] { other = tbb::this_task_arena::current_thread_index(); }).join();
  std::printf("of a thread that uses none: %d\n", other == tbb::task_arena::not_initialized);
}

PROGRAM(arena_thread_index_is_exclusive) {
  // What tables with one element for each index rely on. The bodies neither wait nor start others.
  std::array<std::atomic<int>, 4> used = {};
  std::atomic<int> shared = 0;
  tbb::task_arena arena(4);
  arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<int>(0, 400),
        [&](const tbb::blocked_range<int>&) {
          const int index = tbb::this_task_arena::current_thread_index();
          if (used[index]++ != 0) ++shared;
          for (int i = 0; i < 2000; ++i) used[index] += i % 2 == 0 ? 1 : -1;
          --used[index];
        },
        tbb::simple_partitioner());
  });
  std::printf("shared %d\n", shared.load());
}

PROGRAM(arena_isolate) {
  // While an isolated loop is waited for, no other outer body may start on the same thread.
  constexpr int kSlots = 4;
  std::array<std::atomic<int>, kSlots> outer = {};
  std::atomic<int> reentered = 0;
  std::atomic<int> inner = 0;
  tbb::task_arena arena(kSlots);
  arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<int>(0, 60),
        [&](const tbb::blocked_range<int>&) {
          const int index = tbb::this_task_arena::current_thread_index();
          if (outer[index]++ != 0) ++reentered;
          tbb::this_task_arena::isolate([&] { tbb::parallel_for(0, 50, [&](int) { ++inner; }); });
          --outer[index];
        },
        tbb::simple_partitioner());
  });
  std::printf("reentered %d, inner %d\n", reentered.load(), inner.load());
}

PROGRAM(arena_isolate_values) {
  std::printf("value %ld\n", tbb::this_task_arena::isolate([] { return sum_to(100); }));
  std::printf("move-only %d\n", *tbb::this_task_arena::isolate([] { return std::make_unique<int>(3); }));
  std::printf("%s\n", thrown_by([] {
                        tbb::this_task_arena::isolate([] { throw std::runtime_error("out of isolation"); });
                      }).c_str());
  std::printf("%s\n", thrown_by([] {
                        tbb::this_task_arena::isolate(
                            [] { tbb::parallel_for(0, 10, [](int) { throw std::runtime_error("out of its loop"); }); });
                      }).c_str());
  const long nested =
      tbb::this_task_arena::isolate([] { return tbb::this_task_arena::isolate([] { return sum_to(9); }); });
  std::printf("nested %ld\n", nested);
  // Tasks run from inside are waited for outside.
  tbb::task_group group;
  std::atomic<int> ran = 0;
  tbb::this_task_arena::isolate([&] {
    for (int i = 0; i < 10; ++i) group.run([&] { ++ran; });
  });
  group.wait();
  std::printf("ran %d\n", ran.load());
}

PROGRAM(arena_wait_until_empty) {
  tbb::task_arena arena(2);
  arena.initialize();
  std::atomic<int> ran = 0;
  for (int i = 0; i < 100; ++i) arena.enqueue([&] { ++ran; });
  // What the debugging member task_arena::debug_wait_until_empty calls.
  tbb::detail::r1::wait(arena);
  std::printf("ran %d\n", ran.load());
}

PROGRAM(arena_wait_for_a_long_task) {
  // Taken, so that nothing waits any more, but not at its end.
  tbb::task_arena arena(2);
  std::atomic<bool> began = false, ended = false;
  arena.enqueue([&] {
    began = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ended = true;
  });
  eventually([&] { return began.load(); });
  tbb::detail::r1::wait(arena);
  std::printf("ended %d\n", ended.load());
}

PROGRAM(arena_execute_keeps_the_thread) {
  // As long as there are slots, which may be more than cpus.
  tbb::task_arena arena(4);
  std::atomic<int> inside = 0, moved = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      const std::thread::id caller = std::this_thread::get_id();
      arena.execute([&] {
        moved += std::this_thread::get_id() != caller;
        for (++inside; inside < 4;) std::this_thread::yield();
      });
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("moved %d\n", moved.load());
}

PROGRAM(arena_execute_in_the_threads_own) {
  tbb::parallel_for(0, 10, [](int) {});
  tbb::task_arena own{tbb::task_arena::attach()};
  const std::thread::id caller = std::this_thread::get_id();
  int moved = 0;
  for (int i = 0; i < 20; ++i) own.execute([&] { moved += std::this_thread::get_id() != caller; });
  std::printf("moved %d\n", moved);
}

PROGRAM(arena_left_by_exit) {
  tbb::task_arena arena(2);
  arena.execute([] {
    std::printf("exit\n");
    std::exit(0);
  });
}

}  // namespace
}  // namespace tbb_programs
