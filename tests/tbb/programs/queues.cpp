#include <tbb/concurrent_queue.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_invoke.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using Bounded = tbb::concurrent_bounded_queue<int>;

PROGRAM(concurrent_queue_order) {
  tbb::concurrent_queue<std::string> queue;
  for (int i = 0; i < 5; ++i) queue.push(std::to_string(i));
  queue.emplace(3, 'x');
  std::printf("size %zu, empty %d\n", std::size_t(queue.unsafe_size()), queue.empty());
  tbb::concurrent_queue<std::string> copy(queue);
  std::string text;
  while (queue.try_pop(text)) std::printf("%s ", text.c_str());
  std::printf("\n");
  std::size_t letters = 0;
  for (auto item = copy.unsafe_begin(); item != copy.unsafe_end(); ++item) letters += item->size();
  copy.clear();
  std::printf("copied letters %zu, after clear %d\n", letters, copy.empty());
  tbb::concurrent_queue<int> numbers;
  std::atomic<long> sum = 0;
  tbb::parallel_for(0, 2000, [&](int i) {
    numbers.push(i);
    int value = 0;
    if (numbers.try_pop(value)) sum += value;
  });
  int value = 0;
  while (numbers.try_pop(value)) sum += value;
  std::printf("sum %ld\n", sum.load());
}

PROGRAM(bounded_queue_alone) {
  Bounded queue;
  queue.set_capacity(3);
  std::printf("capacity %td\n", queue.capacity());
  for (int i = 0; i < 5; ++i) std::printf("%d", queue.try_push(i));
  int value = -1;
  queue.pop(value);
  std::printf(" popped %d, size %td, ", value, queue.size());
  std::printf("room %d\n", queue.try_emplace(9));
  while (queue.try_pop(value)) std::printf("%d ", value);
  std::printf("empty %d\n", queue.empty());
  for (int i = 0; i < 3; ++i) queue.push(i);
  Bounded copy(queue);
  queue.clear();
  std::printf("cleared %td, copy %td\n", queue.size(), copy.size());
  Bounded moved(std::move(copy));
  std::printf("moved %td\n", moved.size());
}

PROGRAM(bounded_queue_threads) {
  Bounded queue;
  queue.set_capacity(4);
  std::atomic<long> sum = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      for (int j = 1; j <= 500; ++j) queue.push(j);
    });
    threads.emplace_back([&] {
      for (int j = 1; j <= 500; ++j) {
        int value = 0;
        queue.pop(value);
        sum += value;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("sum %ld, left %td\n", sum.load(), queue.size());
}

PROGRAM(bounded_queue_thread_and_task) {
  // A task may block as long as what it waits for comes from outside.
  Bounded queue;
  queue.set_capacity(2);
  long sum = 0;
  std::thread producer([&] {
    for (int i = 1; i <= 300; ++i) queue.push(i);
    queue.push(-1);
  });
  tbb::task_group group;
  group.run_and_wait([&] {
    int value = 0;
    for (queue.pop(value); value >= 0; queue.pop(value)) sum += value;
  });
  producer.join();
  std::printf("sum %ld\n", sum);
  std::vector<int> received;
  std::thread consumer([&] {
    for (int i = 0; i < 100; ++i) {
      int value = 0;
      queue.pop(value);
      received.push_back(value);
    }
  });
  group.run_and_wait([&] {
    for (int i = 0; i < 100; ++i) queue.push(i);
  });
  consumer.join();
  int wrong = 0;
  for (int i = 0; i < 100; ++i) wrong += received[i] != i;
  std::printf("wrong %d\n", wrong);
}

PROGRAM(bounded_queue_abort) {
  Bounded queue;
  queue.set_capacity(1);
  std::atomic<int> waiting = 0;
  std::atomic<int> aborted = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      ++waiting;
      try {
        int value = 0;
        queue.pop(value);
      } catch (const tbb::user_abort& e) {
        if (++aborted == 3) std::printf("user_abort: %s\n", e.what());
      }
    });
  }
  // Who waits after an abort has to be aborted anew.
  eventually([&] {
    queue.abort();
    return aborted == 3;
  });
  for (std::thread& thread : threads) thread.join();
  std::printf("consumers aborted %d\n", aborted.exchange(0));
  // Another one: what was aborted is still counted.
  Bounded full;
  full.set_capacity(1);
  full.push(5);
  threads.clear();
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&] {
      try {
        full.push(6);
      } catch (const tbb::user_abort&) {
        ++aborted;
      }
    });
  }
  eventually([&] {
    full.abort();
    return aborted == 2;
  });
  for (std::thread& thread : threads) thread.join();
  int value = 0;
  full.pop(value);
  std::printf("producers aborted %d, then popped %d\n", aborted.load(), value);
}

}  // namespace
}  // namespace tbb_programs
