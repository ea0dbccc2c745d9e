// Graphs as a whole: how they end, fail, are cancelled and used again.
#include <tbb/flow_graph.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <stdexcept>
#include <thread>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

namespace flow = tbb::flow;

using Worker = flow::function_node<int>;

PROGRAM(flow_wait_for_all) {
  flow::graph graph;
  graph.wait_for_all();
  std::atomic<int> ran = 0;
  Worker node(graph, flow::unlimited, [&](int depth) {
    ++ran;
    if (depth > 0) {
      node.try_put(depth - 1);
      node.try_put(depth - 1);
    }
  });
  node.try_put(8);
  graph.wait_for_all();
  std::printf("ran %d\n", ran.load());
  std::thread holder;
  graph.reserve_wait();
  std::atomic<bool> released = false;
  holder = std::thread([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    released = true;
    graph.release_wait();
  });
  graph.wait_for_all();
  std::printf("waited for the release %d\n", released.load());
  holder.join();
}

PROGRAM(flow_put_from_threads) {
  flow::graph graph;
  std::atomic<long> sum = 0;
  Worker add(graph, flow::unlimited, [&](int i) { sum += i; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      for (int j = 1; j <= 100; ++j) add.try_put(j);
    });
  }
  for (std::thread& thread : threads) thread.join();
  graph.wait_for_all();
  std::printf("sum %ld\n", sum.load());
}

PROGRAM(flow_cancel) {
  flow::graph graph;
  std::atomic<int> ran = 0;
  Worker node(graph, flow::serial, [&](int i) {
    ++ran;
    if (i == 10) graph.cancel();
  });
  for (int i = 0; i < 100; ++i) node.try_put(i);
  graph.wait_for_all();
  std::printf("cancelled %d, exception %d, all %d\n", graph.is_cancelled(), graph.exception_thrown(), ran == 100);
  graph.reset();
  ran = 0;
  for (int i = 20; i < 70; ++i) node.try_put(i);
  graph.wait_for_all();
  std::printf("after reset: cancelled %d, ran %d\n", graph.is_cancelled(), ran.load());
}

PROGRAM(flow_exceptions) {
  flow::graph graph;
  std::atomic<bool> failing = true;
  std::atomic<int> ran = 0;
  Worker node(graph, flow::unlimited, [&](int i) {
    if (failing && i == 7) throw std::runtime_error("from a node");
    ++ran;
  });
  for (int i = 0; i < 20; ++i) node.try_put(i);
  std::printf("%s\n", thrown_by([&] { graph.wait_for_all(); }).c_str());
  std::printf("cancelled %d, exception %d\n", graph.is_cancelled(), graph.exception_thrown());
  graph.reset();
  std::printf("cancelled %d, exception %d\n", graph.is_cancelled(), graph.exception_thrown());
  failing = false;
  ran = 0;
  for (int i = 0; i < 20; ++i) node.try_put(i);
  std::printf("%s, ", thrown_by([&] { graph.wait_for_all(); }).c_str());
  std::printf("ran %d\n", ran.load());
}

PROGRAM(flow_reset) {
  flow::graph graph;
  std::atomic<int> received = 0;
  struct Count {
    int seen = 0;
    int operator()(int) { return ++seen; }
  };
  flow::function_node<int, int> counter(graph, flow::serial, Count());
  // Not the last one: a serial node lets its next message begin before it hands on what became of the former.
  std::atomic<int> most = 0;
  Worker sink(graph, flow::serial, [&](int i) {
    most = std::max<int>(most, i);
    ++received;
  });
  flow::make_edge(counter, sink);
  flow::queue_node<int> queue(graph);
  const auto run = [&](const char* name) {
    most = 0;
    for (int i = 0; i < 3; ++i) counter.try_put(i);
    queue.try_put(1);
    graph.wait_for_all();
    std::printf("%s: most %d, received %d, state %d\n", name, most.load(), received.load(),
                flow::copy_body<Count>(counter).seen);
  };
  run("first");
  graph.reset();
  int left = 0;
  std::printf("left in the queue %d\n", queue.try_get(left));
  run("after reset");
  graph.reset(flow::rf_reset_bodies);
  run("after reset of bodies");
  graph.reset(flow::rf_clear_edges);
  run("without edges");
}

PROGRAM(flow_in_arena) {
  tbb::task_arena arena(2);
  const int ran = arena.execute([] {
    flow::graph graph;
    std::atomic<int> ran = 0;
    std::atomic<bool> same_arena = true;
    Worker node(graph, flow::unlimited, [&](int) {
      if (tbb::this_task_arena::max_concurrency() != 2) same_arena = false;
      tbb::parallel_for(0, 10, [&](int) { ++ran; });
    });
    for (int i = 0; i < 20; ++i) node.try_put(i);
    graph.wait_for_all();
    std::printf("in the arena %d\n", same_arena.load());
    return ran.load();
  });
  std::printf("ran %d\n", ran);
  // A graph belongs to the arena it was made in, until it is reset in another.
  tbb::task_arena other(3);
  flow::graph graph;
  std::atomic<int> limit = 0;
  Worker node(graph, flow::unlimited, [&](int) { limit = tbb::this_task_arena::max_concurrency(); });
  other.execute([&] { graph.reset(); });
  node.try_put(1);
  graph.wait_for_all();
  std::printf("reset in the other: %d\n", limit.load());
}

PROGRAM(flow_with_context) {
  tbb::task_group_context context;
  flow::graph graph(context);
  std::atomic<int> ran = 0;
  Worker node(graph, flow::unlimited, [&](int) { ++ran; });
  for (int i = 0; i < 10; ++i) node.try_put(i);
  graph.wait_for_all();
  std::printf("ran %d\n", ran.load());
  Worker cancelling(graph, flow::serial, [&](int) { context.cancel_group_execution(); });
  cancelling.try_put(1);
  graph.wait_for_all();
  std::printf("cancelled %d\n", graph.is_cancelled());
}

PROGRAM(flow_priorities) {
  flow::graph graph;
  std::atomic<int> plain = 0;
  std::atomic<int> preferred = 0;
  std::atomic<int> most = 0;
  flow::broadcast_node<int> start(graph);
  Worker none(graph, flow::unlimited, [&](int i) { plain += i; });
  Worker one(
      graph, flow::unlimited, [&](int i) { preferred += i; }, flow::node_priority_t(1));
  flow::function_node<int, flow::continue_msg, flow::queueing> two(
      graph, flow::serial,
      [&](int i) {
        most += i;
        return flow::continue_msg();
      },
      flow::node_priority_t(2));
  flow::make_edge(start, none);
  flow::make_edge(start, one);
  flow::make_edge(start, two);
  for (int i = 1; i <= 50; ++i) start.try_put(i);
  graph.wait_for_all();
  std::printf("%d %d %d\n", plain.load(), preferred.load(), most.load());
}

PROGRAM(flow_nested_graphs) {
  flow::graph outer;
  std::atomic<int> ran = 0;
  Worker node(outer, flow::unlimited, [&](int) {
    flow::graph inner;
    Worker inner_node(inner, flow::unlimited, [&](int) { ++ran; });
    for (int i = 0; i < 10; ++i) inner_node.try_put(i);
    inner.wait_for_all();
  });
  for (int i = 0; i < 10; ++i) node.try_put(i);
  outer.wait_for_all();
  std::printf("ran %d\n", ran.load());
}

}  // namespace
}  // namespace tbb_programs
