#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using tbb::task::suspend_point;

// Resumes from a thread of its own, after a moment.
class Resumer {
 public:
  ~Resumer() {
    for (std::thread& thread : threads_) thread.join();
  }
  void resume_soon(suspend_point point) {
    const std::lock_guard lock(mutex_);
    threads_.emplace_back([point] {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      tbb::task::resume(point);
    });
  }

 private:
  std::mutex mutex_;
  std::vector<std::thread> threads_;
};

PROGRAM(resume_from_thread) {
  Resumer resumer;
  tbb::task_group group;
  int local = 0;
  group.run_and_wait([&] {
    for (int i = 0; i < 5; ++i) {
      tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
      ++local;
    }
  });
  std::printf("resumed %d\n", local);
}

PROGRAM(resume_from_callback) {
  tbb::task_group group;
  std::atomic<int> resumed = 0;
  for (int i = 0; i < 20; ++i) {
    group.run([&] {
      tbb::task::suspend([](suspend_point point) { tbb::task::resume(point); });
      ++resumed;
    });
  }
  group.wait();
  std::printf("resumed %d\n", resumed.load());
}

PROGRAM(resume_many) {
  // All are suspended before the first is resumed: more than there are threads.
  constexpr std::size_t kTasks = 50;
  std::mutex mutex;
  std::vector<suspend_point> points;
  std::atomic<int> resumed = 0;
  std::thread resumer([&] {
    for (;;) {
      {
        const std::lock_guard lock(mutex);
        if (points.size() == kTasks) break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    for (auto point = points.rbegin(); point != points.rend(); ++point) tbb::task::resume(*point);
  });
  tbb::task_group group;
  for (std::size_t i = 0; i < kTasks; ++i) {
    group.run([&] {
      tbb::task::suspend([&](suspend_point point) {
        const std::lock_guard lock(mutex);
        points.push_back(point);
      });
      ++resumed;
    });
  }
  group.wait();
  resumer.join();
  std::printf("resumed %d\n", resumed.load());
}

PROGRAM(resume_in_loop) {
  Resumer resumer;
  std::atomic<int> sum = 0;
  tbb::parallel_for(0, 40, [&](int i) {
    int own = i;
    tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
    sum += own;
  });
  std::printf("sum %d\n", sum.load());
}

PROGRAM(resume_in_nested_loop) {
  Resumer resumer;
  std::atomic<int> bodies = 0;
  tbb::task_arena arena(2);
  arena.execute([&] {
    tbb::parallel_for(0, 4, [&](int) {
      tbb::parallel_for(0, 4, [&](int) {
        tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
        ++bodies;
      });
      tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
    });
  });
  std::printf("bodies %d\n", bodies.load());
}

PROGRAM(resume_by_other_task) {
  tbb::task_group group;
  std::atomic<suspend_point> point = nullptr;
  std::atomic<bool> resumed = false;
  group.run([&] {
    tbb::task::suspend([&](suspend_point own) { point = own; });
    resumed = true;
  });
  std::thread starter([&] {
    eventually([&] { return point != nullptr; });
    tbb::task_group second;
    second.run_and_wait([&] { tbb::task::resume(point); });
  });
  group.wait();
  starter.join();
  std::printf("resumed %d\n", resumed.load());
}

PROGRAM(resume_keeps_state) {
  Resumer resumer;
  tbb::task_group_context context;
  tbb::task_group group(context);
  std::atomic<int> same = 0;
  for (int i = 0; i < 5; ++i) {
    group.run([&] {
      tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
      same += tbb::task::current_context() == &context;
    });
  }
  group.wait();
  std::printf("the same context in %d of 5\n", same.load());
  const std::string text = thrown_by([&] {
    group.run([&] {
      tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
      throw std::runtime_error("after a suspension");
    });
    group.wait();
  });
  std::printf("%s\n", text.c_str());
}

PROGRAM(resume_aware_local) {
  // Storage for each suspend point rather than each thread.
  using Local = tbb::enumerable_thread_specific<int, tbb::cache_aligned_allocator<int>, tbb::ets_suspend_aware>;
  Local local(0);
  Resumer resumer;
  std::atomic<int> kept = 0;
  tbb::task_group group;
  for (int i = 1; i <= 10; ++i) {
    group.run([&, i] {
      int& value = local.local();
      value = i;
      tbb::task::suspend([&](suspend_point point) { resumer.resume_soon(point); });
      kept += value == i && &local.local() == &value;
    });
  }
  group.wait();
  std::printf("kept by %d of 10\n", kept.load());
}

}  // namespace
}  // namespace tbb_programs
