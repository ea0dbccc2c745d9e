// Tokens through a serial, a parallel and a serial filter, which do next to nothing.
#include <oneapi/tbb/parallel_pipeline.h>

#include <cstddef>

#include "workloads.h"

namespace preempt::bench {
namespace {

constexpr int kTokens = 100'000;
constexpr std::size_t kAtATime = 16;

// Counts the tokens that come in the order in which they were made.
int run_pipeline() {
  using oneapi::tbb::filter_mode;
  using oneapi::tbb::make_filter;
  int made = 0, in_order = 0;
  const auto make = make_filter<void, int>(filter_mode::serial_in_order, [&](oneapi::tbb::flow_control& control) {
    if (made == kTokens) {
      control.stop();
      return 0;
    }
    return made++;
  });
  const auto square = make_filter<int, long>(filter_mode::parallel, [](int token) { return long{token} * token; });
  const auto check = make_filter<long, void>(filter_mode::serial_in_order,
                                             [&](long squared) { in_order += squared == long{in_order} * in_order; });
  oneapi::tbb::parallel_pipeline(kAtATime, make & square & check);
  return in_order;
}

}  // namespace

double measure_pipeline(const Flags&) {
  int in_order = 0;
  const double seconds = seconds_of([&] { in_order = run_pipeline(); });
  require(in_order == kTokens, "parallel_pipeline");
  return seconds;
}

}  // namespace preempt::bench
