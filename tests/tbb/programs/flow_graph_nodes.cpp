// One program for each kind of node.
#include <tbb/flow_graph.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

namespace flow = tbb::flow;

// Appends what it receives; serial, so that it needs no lock.
template <typename T>
class Sink {
 public:
  explicit Sink(flow::graph& graph)
      : node_(graph, flow::serial, [this](const T& value) {
          values.push_back(value);
          return flow::continue_msg();
        }) {}
  flow::function_node<T>& node() { return node_; }

  std::vector<T> values;

 private:
  flow::function_node<T> node_;
};

void print(const char* name, const std::vector<int>& values) {
  std::printf("%s:", name);
  for (const int value : values) std::printf(" %d", value);
  std::printf("\n");
}

std::vector<int> sorted(std::vector<int> values) {
  std::sort(values.begin(), values.end());
  return values;
}

PROGRAM(flow_function_node) {
  flow::graph graph;
  std::atomic<int> sum = 0;
  flow::function_node<int, int> square(graph, flow::unlimited, [](int i) { return i * i; });
  flow::function_node<int, int> same(graph, flow::serial, [](int i) { return i; });
  flow::function_node<int> add(graph, flow::serial, [&](int i) { sum = sum + i; });
  flow::make_edge(square, same);
  flow::make_edge(same, add);
  for (int i = 1; i <= 100; ++i) square.try_put(i);
  graph.wait_for_all();
  std::printf("sum %d\n", sum.exchange(0));
  flow::remove_edge(same, add);
  std::printf("accepted %d\n", square.try_put(5));
  graph.wait_for_all();
  std::printf("without the edge %d\n", sum.load());
  Sink<int> sink(graph);
  flow::function_node<int, int, flow::lightweight> light(graph, flow::unlimited, [](int i) noexcept { return -i; });
  flow::make_edge(light, sink.node());
  for (int i = 0; i < 5; ++i) light.try_put(i);
  graph.wait_for_all();
  print("lightweight", sorted(sink.values));
}

PROGRAM(flow_function_node_rejecting) {
  flow::graph graph;
  std::atomic<bool> go = false;
  std::vector<int> values;
  flow::function_node<int, flow::continue_msg, flow::rejecting> node(graph, flow::serial, [&](int i) {
    eventually([&] { return go.load(); });
    values.push_back(i);
    return flow::continue_msg();
  });
  const bool first = node.try_put(1);
  const bool second = node.try_put(2);
  go = true;
  graph.wait_for_all();
  std::printf("first %d, second %d\n", first, second);
  print("values", values);
  // What it rejects stays with the sender, from which it takes it later.
  flow::queue_node<int> queue(graph);
  flow::make_edge(queue, node);
  for (int i = 10; i < 20; ++i) queue.try_put(i);
  graph.wait_for_all();
  print("with a queue", values);
}

PROGRAM(flow_function_node_limit) {
  flow::graph graph;
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::atomic<int> ran = 0;
  flow::function_node<int> node(graph, 2, [&](int) {
    const int now = ++inside;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    std::this_thread::yield();
    ++ran;
    --inside;
  });
  for (int i = 0; i < 200; ++i) node.try_put(i);
  graph.wait_for_all();
  std::printf("ran %d, at most two %d\n", ran.load(), most <= 2);
}

PROGRAM(flow_continue_node) {
  flow::graph graph;
  using Node = flow::continue_node<flow::continue_msg>;
  std::vector<int> order;
  std::atomic<int> middle = 0;
  Node start(graph, [&](const flow::continue_msg&) { order.push_back(0); });
  Node left(graph, [&](const flow::continue_msg&) { ++middle; });
  Node right(graph, [&](const flow::continue_msg&) { ++middle; });
  Node end(graph, [&](const flow::continue_msg&) { order.push_back(middle); });
  flow::make_edge(start, left);
  flow::make_edge(start, right);
  flow::make_edge(left, end);
  flow::make_edge(right, end);
  for (int i = 0; i < 3; ++i) {
    start.try_put(flow::continue_msg());
    graph.wait_for_all();
  }
  print("order", order);
  flow::continue_node<int> counted(graph, 3, [](const flow::continue_msg&) { return 9; });
  Sink<int> sink(graph);
  flow::make_edge(counted, sink.node());
  for (int i = 0; i < 7; ++i) counted.try_put(flow::continue_msg());
  graph.wait_for_all();
  print("every third", sink.values);
}

PROGRAM(flow_continue_node_grid) {
  // A wavefront: each cell is the sum of its neighbours above and to the left.
  constexpr int kSize = 12;
  flow::graph graph;
  using Node = flow::continue_node<flow::continue_msg>;
  std::vector<std::vector<long>> cells(kSize, std::vector<long>(kSize, 1));
  std::vector<std::unique_ptr<Node>> nodes;
  for (int i = 0; i < kSize; ++i) {
    for (int j = 0; j < kSize; ++j) {
      nodes.push_back(std::make_unique<Node>(graph, [&cells, i, j](const flow::continue_msg&) {
        if (i > 0 && j > 0) cells[i][j] = cells[i - 1][j] + cells[i][j - 1];
      }));
      if (i > 0) flow::make_edge(*nodes[(i - 1) * kSize + j], *nodes.back());
      if (j > 0) flow::make_edge(*nodes[i * kSize + j - 1], *nodes.back());
    }
  }
  nodes.front()->try_put(flow::continue_msg());
  graph.wait_for_all();
  std::printf("corner %ld\n", cells[kSize - 1][kSize - 1]);
}

PROGRAM(flow_buffers) {
  flow::graph graph;
  flow::buffer_node<int> buffer(graph);
  flow::queue_node<int> queue(graph);
  flow::priority_queue_node<int> priorities(graph);
  flow::sequencer_node<int> sequencer(graph, [](int i) { return std::size_t(i); });
  for (const int i : {3, 1, 4, 0, 2}) {
    buffer.try_put(i);
    queue.try_put(i);
    priorities.try_put(i);
    sequencer.try_put(i);
  }
  graph.wait_for_all();
  const auto drain = [](auto& node) {
    std::vector<int> values;
    int value = 0;
    while (node.try_get(value)) values.push_back(value);
    return values;
  };
  print("buffer", sorted(drain(buffer)));
  print("queue", drain(queue));
  print("priorities", drain(priorities));
  print("sequencer", drain(sequencer));
  Sink<int> sink(graph);
  flow::make_edge(queue, sink.node());
  for (int i = 0; i < 10; ++i) queue.try_put(i);
  graph.wait_for_all();
  print("through the queue", sink.values);
}

PROGRAM(flow_broadcast_node) {
  flow::graph graph;
  flow::broadcast_node<int> broadcast(graph);
  Sink<int> first(graph);
  Sink<int> second(graph);
  flow::make_edge(broadcast, first.node());
  flow::make_edge(broadcast, second.node());
  for (int i = 0; i < 5; ++i) broadcast.try_put(i);
  graph.wait_for_all();
  print("first", sorted(first.values));
  print("second", sorted(second.values));
}

PROGRAM(flow_overwrite_and_write_once) {
  flow::graph graph;
  flow::overwrite_node<int> last(graph);
  flow::write_once_node<int> first(graph);
  int value = -1;
  std::printf("empty: %d %d %d\n", last.is_valid(), first.is_valid(), last.try_get(value));
  for (int i = 1; i <= 3; ++i) std::printf("put: %d %d\n", last.try_put(i), first.try_put(i));
  graph.wait_for_all();
  last.try_get(value);
  std::printf("last %d, ", value);
  first.try_get(value);
  std::printf("first %d\n", value);
  Sink<int> sink(graph);
  flow::make_edge(last, sink.node());
  graph.wait_for_all();
  print("to a new successor", sink.values);
  first.clear();
  first.try_put(8);
  first.try_get(value);
  std::printf("after clear %d\n", value);
}

PROGRAM(flow_limiter_node) {
  flow::graph graph;
  flow::limiter_node<int> limiter(graph, 3);
  Sink<int> sink(graph);
  flow::make_edge(limiter, sink.node());
  int accepted = 0;
  for (int i = 0; i < 5; ++i) accepted += limiter.try_put(i);
  graph.wait_for_all();
  std::printf("accepted %d, came through %zu\n", accepted, sink.values.size());
  limiter.decrementer().try_put(flow::continue_msg());
  accepted = 0;
  for (int i = 0; i < 5; ++i) accepted += limiter.try_put(i);
  graph.wait_for_all();
  std::printf("accepted %d, came through %zu\n", accepted, sink.values.size());
  // The usual circle: the end of the work lets the next item in.
  std::atomic<int> live = 0;
  std::atomic<bool> too_many = false;
  std::atomic<int> done = 0;
  int next = 0;
  flow::input_node<int> input(graph, [&](tbb::flow_control& control) {
    if (next == 100) control.stop();
    return next++;
  });
  flow::limiter_node<int> gate(graph, 2);
  flow::function_node<int, flow::continue_msg> work(graph, flow::unlimited, [&](int) {
    if (++live > 2) too_many = true;
    std::this_thread::yield();
    --live;
    ++done;
    return flow::continue_msg();
  });
  flow::make_edge(input, gate);
  flow::make_edge(gate, work);
  flow::make_edge(work, gate.decrementer());
  input.activate();
  graph.wait_for_all();
  std::printf("done %d, too many %d\n", done.load(), too_many.load());
  flow::limiter_node<int, int> by_number(graph, 10);
  Sink<int> all(graph);
  flow::make_edge(by_number, all.node());
  for (int i = 0; i < 12; ++i) by_number.try_put(i);
  by_number.decrementer().try_put(4);
  for (int i = 0; i < 12; ++i) by_number.try_put(i);
  graph.wait_for_all();
  std::printf("by number %zu\n", all.values.size());
}

PROGRAM(flow_join_node) {
  flow::graph graph;
  using Pair = std::tuple<int, std::string>;
  flow::join_node<Pair, flow::queueing> join(graph);
  std::vector<std::string> joined;
  flow::function_node<Pair> sink(graph, flow::serial, [&](const Pair& pair) {
    joined.push_back(std::to_string(std::get<0>(pair)) + std::get<1>(pair));
  });
  flow::make_edge(join, sink);
  for (int i = 0; i < 4; ++i) flow::input_port<0>(join).try_put(i);
  for (const char* text : {"a", "b", "c"}) flow::input_port<1>(join).try_put(text);
  graph.wait_for_all();
  for (const std::string& text : joined) std::printf("%s ", text.c_str());
  std::printf("\n");
  // A reserving one takes from its senders only when each of them has something.
  flow::queue_node<int> left(graph);
  flow::queue_node<int> right(graph);
  flow::join_node<std::tuple<int, int>, flow::reserving> reserving(graph);
  int sum = 0;
  flow::function_node<std::tuple<int, int>> add(graph, flow::serial, [&](const std::tuple<int, int>& pair) {
    sum += 100 * std::get<0>(pair) + std::get<1>(pair);
  });
  flow::make_edge(left, flow::input_port<0>(reserving));
  flow::make_edge(right, flow::input_port<1>(reserving));
  flow::make_edge(reserving, add);
  for (int i = 1; i <= 3; ++i) left.try_put(i);
  right.try_put(1);
  right.try_put(2);
  graph.wait_for_all();
  int left_over = 0;
  left.try_get(left_over);
  std::printf("reserving: sum %d, left over %d\n", sum, left_over);
}

PROGRAM(flow_join_node_keys) {
  struct Order {
    int key;
    int amount;
  };
  struct Price {
    int key;
    int price;
  };
  flow::graph graph;
  using Both = std::tuple<Order, Price>;
  flow::join_node<Both, flow::key_matching<int>> join(
      graph, [](const Order& order) { return order.key; }, [](const Price& price) { return price.key; });
  std::vector<int> totals;
  flow::function_node<Both> sink(graph, flow::serial, [&](const Both& both) {
    totals.push_back(std::get<0>(both).amount * std::get<1>(both).price);
  });
  flow::make_edge(join, sink);
  for (int i = 0; i < 6; ++i) flow::input_port<0>(join).try_put(Order{i, i + 1});
  for (int i = 5; i >= 0; --i) flow::input_port<1>(join).try_put(Price{i, 10 + i});
  graph.wait_for_all();
  print("totals", sorted(totals));
}

PROGRAM(flow_split_and_index) {
  flow::graph graph;
  flow::split_node<std::tuple<int, double>> split(graph);
  Sink<int> whole(graph);
  Sink<double> half(graph);
  flow::make_edge(flow::output_port<0>(split), whole.node());
  flow::make_edge(flow::output_port<1>(split), half.node());
  for (int i = 0; i < 4; ++i) split.try_put(std::make_tuple(i, i / 2.0));
  graph.wait_for_all();
  print("whole", sorted(whole.values));
  double sum = 0;
  for (const double value : half.values) sum += value;
  std::printf("halves %g\n", sum);
  using Indexer = flow::indexer_node<int, std::string>;
  Indexer indexer(graph);
  int numbers = 0;
  std::size_t letters = 0;
  flow::function_node<Indexer::output_type> sink(graph, flow::serial, [&](const Indexer::output_type& message) {
    if (message.tag() == 0) {
      numbers += flow::cast_to<int>(message);
    } else if (flow::is_a<std::string>(message)) {
      letters += flow::cast_to<std::string>(message).size();
    }
  });
  flow::make_edge(indexer, sink);
  for (int i = 0; i < 5; ++i) flow::input_port<0>(indexer).try_put(i);
  flow::input_port<1>(indexer).try_put(std::string("seven letters"));
  graph.wait_for_all();
  std::printf("numbers %d, letters %zu\n", numbers, letters);
}

PROGRAM(flow_multifunction_node) {
  flow::graph graph;
  using Node = flow::multifunction_node<int, std::tuple<int, int>>;
  Node parity(graph, flow::unlimited, [](int i, Node::output_ports_type& ports) {
    if (i % 10 == 9) return;
    if (i % 2 == 0) {
      std::get<0>(ports).try_put(i);
    } else {
      std::get<1>(ports).try_put(i);
      std::get<1>(ports).try_put(-i);
    }
  });
  Sink<int> even(graph);
  Sink<int> odd(graph);
  flow::make_edge(flow::output_port<0>(parity), even.node());
  flow::make_edge(flow::output_port<1>(parity), odd.node());
  for (int i = 0; i < 10; ++i) parity.try_put(i);
  graph.wait_for_all();
  print("even", sorted(even.values));
  print("odd", sorted(odd.values));
}

PROGRAM(flow_input_node) {
  flow::graph graph;
  int next = 0;
  flow::input_node<int> input(graph, [&](tbb::flow_control& control) {
    if (next == 20) {
      control.stop();
      return 0;
    }
    return next++;
  });
  Sink<int> sink(graph);
  flow::make_edge(input, sink.node());
  graph.wait_for_all();
  std::printf("before activate %zu\n", sink.values.size());
  input.activate();
  graph.wait_for_all();
  print("values", sorted(sink.values));
}

PROGRAM(flow_async_node) {
  flow::graph graph;
  using Node = flow::async_node<int, int>;
  std::vector<std::thread> threads;
  std::atomic<int> submitted = 0;
  Node node(graph, flow::serial, [&](int i, Node::gateway_type& gateway) {
    gateway.reserve_wait();
    ++submitted;
    threads.emplace_back([i, &gateway] {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      gateway.try_put(i * 3);
      gateway.release_wait();
    });
  });
  Sink<int> sink(graph);
  flow::make_edge(node, sink.node());
  for (int i = 0; i < 10; ++i) node.try_put(i);
  graph.wait_for_all();
  for (std::thread& thread : threads) thread.join();
  std::printf("submitted %d\n", submitted.load());
  print("answers", sorted(sink.values));
}

PROGRAM(flow_composite_node) {
  using Base = flow::composite_node<std::tuple<int>, std::tuple<int>>;
  class PlusOneTimesTwo : public Base {
   public:
    explicit PlusOneTimesTwo(flow::graph& graph)
        : Base(graph),
          plus_(graph, flow::unlimited, [](int i) { return i + 1; }),
          times_(graph, flow::unlimited, [](int i) { return i * 2; }) {
      flow::make_edge(plus_, times_);
      Base::set_external_ports(Base::input_ports_type(plus_), Base::output_ports_type(times_));
    }

   private:
    flow::function_node<int, int> plus_;
    flow::function_node<int, int> times_;
  };
  flow::graph graph;
  PlusOneTimesTwo composite(graph);
  Sink<int> sink(graph);
  flow::make_edge(flow::output_port<0>(composite), sink.node());
  for (int i = 0; i < 6; ++i) flow::input_port<0>(composite).try_put(i);
  graph.wait_for_all();
  print("values", sorted(sink.values));
}

}  // namespace
}  // namespace tbb_programs
