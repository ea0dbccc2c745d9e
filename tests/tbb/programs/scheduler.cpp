// Observers, global_control and task_scheduler_handle.
#include <tbb/global_control.h>
#include <tbb/info.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>
#include <tbb/task_scheduler_observer.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <new>
#include <set>
#include <thread>
#include <utility>

#include "program.h"

namespace tbb_programs {
namespace {

using Control = tbb::global_control;

class CountingObserver : public tbb::task_scheduler_observer {
 public:
  CountingObserver() = default;
  explicit CountingObserver(tbb::task_arena& arena) : tbb::task_scheduler_observer(arena) {}
  ~CountingObserver() override { observe(false); }

  void on_scheduler_entry(bool is_worker) override { ++(is_worker ? worker_entries : entries); }
  void on_scheduler_exit(bool is_worker) override { ++(is_worker ? worker_exits : exits); }

  std::atomic<int> entries = 0;
  std::atomic<int> exits = 0;
  std::atomic<int> worker_entries = 0;
  std::atomic<int> worker_exits = 0;
};

PROGRAM(observer_of_arena) {
  tbb::task_arena arena(1);
  CountingObserver observer(arena);
  const auto report = [&](const char* when) {
    std::printf("%s: observing %d, entries %d, exits %d\n", when, observer.is_observing(), observer.entries.load(),
                observer.exits.load());
  };
  arena.execute([] {});
  report("before");
  observer.observe(true);
  report("observing");
  // Nothing that a worker could take: one that stands in for a thread that was kept from its cpu enters, too.
  for (int i = 0; i < 3; ++i) arena.execute([] {});
  report("three times");
  arena.execute([&] { arena.execute([] {}); });
  report("nested");
  observer.observe(true);
  arena.execute([] {});
  report("observed again");
  observer.observe(false);
  observer.observe(false);
  arena.execute([] {});
  report("no longer");
  observer.observe();
  arena.execute([] {});
  report("once more");
}

PROGRAM(observer_of_other_arena) {
  tbb::task_arena observed(1);
  tbb::task_arena other(1);
  CountingObserver observer(observed);
  observer.observe();
  other.execute([] { tbb::parallel_for(0, 10, [](int) {}); });
  std::printf("the other one's: %d\n", observer.entries.load());
  other.execute([&] { observed.execute([] {}); });
  std::printf("from the other one: %d %d\n", observer.entries.load(), observer.exits.load());
  CountingObserver second(observed);
  second.observe();
  observed.execute([] {});
  std::printf("two observers: %d %d\n", observer.entries.load(), second.entries.load());
}

PROGRAM(observer_of_workers) {
  tbb::task_arena arena(2);
  CountingObserver observer(arena);
  observer.observe();
  std::atomic<int> ran = 0;
  for (int i = 0; i < 20; ++i) arena.enqueue([&] { ++ran; });
  std::printf("ran %d\n", eventually([&] { return ran == 20; }));
  std::printf("workers came %d\n", observer.worker_entries > 0);
  std::printf("and went %d\n", eventually([&] { return observer.worker_entries == observer.worker_exits; }));
  std::printf("others %d %d\n", observer.entries.load(), observer.exits.load());
}

PROGRAM(observer_balance) {
  CountingObserver* late = nullptr;
  {
    tbb::task_arena arena(2);
    CountingObserver observer(arena);
    observer.observe();
    for (int i = 0; i < 30; ++i) arena.execute([] { tbb::parallel_for(0, 200, [](int) {}); });
    const auto balanced = [&] {
      return observer.entries == observer.exits && observer.worker_entries == observer.worker_exits;
    };
    std::printf("entries %d, balanced %d\n", observer.entries.load(), eventually(balanced));
    late = new CountingObserver(arena);
    late->observe();
    arena.execute([] {});
  }
  // An observer may outlive the arena.
  std::printf("entries %d, exits %d\n", late->entries.load(), late->exits.load());
  delete late;
}

PROGRAM(observer_of_thread) {
  // Without an arena: of the one of the calling thread, which is in it already.
  CountingObserver observer;
  observer.observe(true);
  std::printf("entries %d\n", observer.entries.load());
  for (int i = 0; i < 5; ++i) tbb::parallel_for(0, 100, [](int) {});
  std::printf("entries %d\n", observer.entries.load());
  observer.observe(false);
  std::printf("entries %d\n", observer.entries.load());
  tbb::parallel_for(0, 100, [](int) {});
  std::printf("entries %d\n", observer.entries.load());
}

PROGRAM(control_values) {
  const auto parallelism = [] { return Control::active_value(Control::max_allowed_parallelism); };
  const auto stack = [] { return Control::active_value(Control::thread_stack_size); };
  const std::size_t usual = parallelism();
  std::printf("usual parallelism %d\n", usual == std::size_t(tbb::info::default_concurrency()));
  std::printf("usual stack %d\n", stack() >= 64 * 1024);
  std::printf("terminate %zu\n", Control::active_value(Control::terminate_on_exception));
  {
    const Control two(Control::max_allowed_parallelism, 2);
    std::printf("two: %zu\n", parallelism());
    {
      const Control one(Control::max_allowed_parallelism, 1);
      std::printf("one: %zu\n", parallelism());
      const Control more(Control::max_allowed_parallelism, 2);
      std::printf("the least: %zu\n", parallelism());
    }
    std::printf("two again: %zu\n", parallelism());
  }
  std::printf("as before %d\n", parallelism() == usual);
  {
    const Control large(Control::thread_stack_size, 16 * 1024 * 1024);
    std::printf("stack %zu\n", stack());
    const Control larger(Control::thread_stack_size, 32 * 1024 * 1024);
    const Control small(Control::thread_stack_size, 8 * 1024 * 1024);
    std::printf("the greatest: %zu\n", stack());
  }
  {
    const Control terminate(Control::terminate_on_exception, 1);
    std::printf("terminate %zu\n", Control::active_value(Control::terminate_on_exception));
  }
  std::printf("terminate %zu\n", Control::active_value(Control::terminate_on_exception));
}

// The number of threads that run bodies of a loop.
std::size_t threads_of_a_loop() {
  std::mutex mutex;
  std::set<std::thread::id> ids;
  tbb::parallel_for(0, 300, [&](int) {
    const std::lock_guard lock(mutex);
    ids.insert(std::this_thread::get_id());
  });
  ids.insert(std::this_thread::get_id());
  return ids.size();
}

PROGRAM(control_one_thread) {
  const Control one(Control::max_allowed_parallelism, 1);
  std::printf("a loop: threads %zu\n", threads_of_a_loop());
  tbb::task_arena arena(4);
  std::printf("in an arena: threads %zu\n", arena.execute([] { return threads_of_a_loop(); }));
  tbb::task_group group;
  int ran = 0;
  for (int i = 0; i < 100; ++i) group.run([&] { ++ran; });
  group.wait();
  std::printf("a group: %d\n", ran);
}

PROGRAM(control_changes) {
  std::atomic<int> ran = 0;
  for (int i = 0; i < 50; ++i) {
    const Control control(Control::max_allowed_parallelism, 1 + i % 2);
    tbb::parallel_for(0, 100, [&](int) { ++ran; });
  }
  std::printf("ran %d\n", ran.load());
}

PROGRAM(scheduler_handle) {
  tbb::task_scheduler_handle empty;
  std::printf("empty %d\n", bool(empty));
  tbb::task_scheduler_handle handle{tbb::attach()};
  tbb::task_scheduler_handle moved(std::move(handle));
  std::printf("moved from %d, moved to %d\n", bool(handle), bool(moved));
  empty = std::move(moved);
  std::printf("assigned %d %d\n", bool(moved), bool(empty));
  empty.release();
  std::printf("released %d\n", bool(empty));
  empty.release();
  std::printf("finalize of an empty one %d\n", tbb::finalize(empty, std::nothrow));
  tbb::finalize(empty);
}

PROGRAM(scheduler_finalize) {
  for (int i = 0; i < 3; ++i) {
    tbb::task_scheduler_handle handle{tbb::attach()};
    std::atomic<int> ran = 0;
    tbb::parallel_for(0, 1000, [&](int) { ++ran; });
    std::printf("ran %d, finalized %d, ", ran.load(), tbb::finalize(handle, std::nothrow));
    std::printf("handle %d\n", bool(handle));
  }
  tbb::task_scheduler_handle throwing{tbb::attach()};
  tbb::parallel_for(0, 100, [](int) {});
  std::printf("throwing: %s\n", thrown_by([&] { tbb::finalize(throwing); }).c_str());
  tbb::task_scheduler_handle first{tbb::attach()};
  tbb::task_scheduler_handle second{tbb::attach()};
  tbb::parallel_for(0, 100, [](int) {});
  tbb::finalize(first, std::nothrow);
  std::printf("the last of two %d\n", tbb::finalize(second, std::nothrow));
  std::atomic<int> ran = 0;
  tbb::parallel_for(0, 100, [&](int) { ++ran; });
  std::printf("afterwards %d\n", ran.load());
}

PROGRAM(scheduler_finalize_inside) {
  tbb::task_scheduler_handle handle{tbb::attach()};
  tbb::task_group group;
  group.run_and_wait([&] {
    try {
      tbb::finalize(handle);
      std::printf("finalized\n");
    } catch (const tbb::unsafe_wait& e) {
      std::printf("unsafe_wait: %s\n", e.what());
    }
  });
  std::printf("handle %d\n", bool(handle));
  tbb::task_scheduler_handle other{tbb::attach()};
  group.run_and_wait([&] { std::printf("finalized %d\n", tbb::finalize(other, std::nothrow)); });
  tbb::task_scheduler_handle released{tbb::attach()};
  group.run_and_wait([&] { released.release(); });
  std::printf("released %d\n", bool(released));
}

PROGRAM(scheduler_finalize_while_observed) {
  tbb::task_scheduler_handle handle{tbb::attach()};
  CountingObserver observer;
  observer.observe(true);
  tbb::parallel_for(0, 100, [](int) {});
  std::printf("finalized %d\n", tbb::finalize(handle, std::nothrow));
}

}  // namespace
}  // namespace tbb_programs
