// A flow graph that fans out and in again; its nodes do next to nothing. Each number is five messages: one to the first
// node, one to each of the two in the middle, two to the last.
#include <oneapi/tbb/flow_graph.h>

#include "workloads.h"

namespace preempt::bench {
namespace {

namespace flow = oneapi::tbb::flow;

constexpr int kNumbers = 200'000;

// The sum at the end, of three times each number.
long run_graph() {
  long sum = 0;
  flow::graph graph;
  flow::function_node<int, int> first(graph, flow::unlimited, [](int number) { return number; });
  flow::function_node<int, long> once(graph, flow::unlimited, [](int number) { return long{number}; });
  flow::function_node<int, long> twice(graph, flow::unlimited, [](int number) { return long{number} * 2; });
  flow::function_node<long> last(graph, flow::serial, [&sum](long number) { sum += number; });
  flow::make_edge(first, once);
  flow::make_edge(first, twice);
  flow::make_edge(once, last);
  flow::make_edge(twice, last);
  for (int number = 0; number < kNumbers; ++number) first.try_put(number);
  graph.wait_for_all();
  return sum;
}

}  // namespace

double measure_flow_graph(const Flags&) {
  long sum = 0;
  const double seconds = seconds_of([&] { sum = run_graph(); });
  require(sum == 3 * (long{kNumbers} * (kNumbers - 1) / 2), "flow graph");
  return seconds;
}

}  // namespace preempt::bench
