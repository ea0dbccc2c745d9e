#include <tbb/parallel_pipeline.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using tbb::filter_mode;

// An input filter's body that counts up to `count`.
class Counter {
 public:
  explicit Counter(int count) : count_(count) {}
  int operator()(tbb::flow_control& control) const {
    if (*next_ == count_) {
      control.stop();
      return 0;
    }
    return (*next_)++;
  }

 private:
  int count_;
  // Filters copy their bodies.
  std::shared_ptr<int> next_ = std::make_shared<int>(0);
};

tbb::filter<void, int> numbers(int count, filter_mode mode = filter_mode::serial_in_order) {
  return tbb::make_filter<void, int>(mode, Counter(count));
}

PROGRAM(pipeline_in_order) {
  for (const std::size_t tokens : {1, 2, 5, 100}) {
    std::vector<int> out;
    tbb::parallel_pipeline(tokens, numbers(500),
                           tbb::make_filter<int, int>(filter_mode::parallel, [](int i) { return i * i; }),
                           tbb::make_filter<int, void>(filter_mode::serial_in_order, [&](int i) { out.push_back(i); }));
    int wrong = 0;
    for (int i = 0; i < int(out.size()); ++i) wrong += out[i] != i * i;
    std::printf("%zu tokens: %zu items, out of order %d\n", tokens, out.size(), wrong);
  }
}

PROGRAM(pipeline_serial_filters_agree) {
  // All serial_in_order filters see the order of the first, also past filters that mix it.
  std::vector<int> second;
  std::vector<int> fourth;
  tbb::parallel_pipeline(
      8, numbers(300) & tbb::make_filter<int, int>(filter_mode::serial_in_order, [&](int i) {
           second.push_back(i);
           return i;
         }) & tbb::make_filter<int, int>(filter_mode::parallel, [](int i) {
           return i;
         }) & tbb::make_filter<int, void>(filter_mode::serial_in_order, [&](int i) { fourth.push_back(i); }));
  std::printf("items %zu, the same order %d\n", second.size(), second == fourth);
}

PROGRAM(pipeline_out_of_order) {
  int inside = 0;
  bool alone = true;
  long sum = 0;
  int items = 0;
  tbb::parallel_pipeline(16, numbers(400, filter_mode::serial_out_of_order),
                         tbb::make_filter<int, int>(filter_mode::parallel, [](int i) { return 3 * i; }),
                         tbb::make_filter<int, void>(filter_mode::serial_out_of_order, [&](int i) {
                           // Without atomics: a serial filter runs for one item at a time.
                           if (++inside != 1) alone = false;
                           sum += i;
                           ++items;
                           --inside;
                         }));
  std::printf("items %d, sum %ld, one at a time %d\n", items, sum, alone);
}

PROGRAM(pipeline_token_limit) {
  for (const int limit : {1, 2, 4}) {
    std::atomic<int> live = 0;
    std::atomic<int> most = 0;
    std::atomic<int> done = 0;
    int next = 0;
    tbb::parallel_pipeline(limit,
                           tbb::make_filter<void, int>(filter_mode::serial_in_order,
                                                       [&](tbb::flow_control& control) {
                                                         if (next == 200) {
                                                           control.stop();
                                                           return 0;
                                                         }
                                                         const int now = ++live;
                                                         int seen = most;
                                                         while (seen < now && !most.compare_exchange_weak(seen, now)) {
                                                         }
                                                         return next++;
                                                       }),
                           tbb::make_filter<int, int>(filter_mode::parallel, [](int i) { return i; }),
                           tbb::make_filter<int, void>(filter_mode::parallel, [&](int) {
                             ++done;
                             --live;
                           }));
    std::printf("limit %d: done %d, kept %d\n", limit, done.load(), most <= limit);
  }
}

PROGRAM(pipeline_parallel_filters) {
  std::atomic<int> next = 0;
  std::atomic<long> sum = 0;
  tbb::parallel_pipeline(8,
                         tbb::make_filter<void, int>(filter_mode::parallel,
                                                     [&](tbb::flow_control& control) {
                                                       const int i = next++;
                                                       if (i >= 300) {
                                                         control.stop();
                                                         return 0;
                                                       }
                                                       return i;
                                                     }),
                         tbb::make_filter<int, void>(filter_mode::parallel, [&](int i) { sum += i; }));
  std::printf("sum %ld\n", sum.load());
}

std::atomic<int> large_ones = 0;

// Larger than a pointer and not trivial, so that a filter has to allocate and destroy it.
struct Large {
  explicit Large(int first) : values{first} { ++large_ones; }
  Large() : Large(0) {}
  Large(const Large& other) : values(other.values), text(other.text) { ++large_ones; }
  Large& operator=(const Large&) = default;
  ~Large() { --large_ones; }

  std::array<int, 16> values;
  std::string text = "a text too long for the string itself";
};

PROGRAM(pipeline_large_items) {
  int next = 0;
  long sum = 0;
  std::size_t letters = 0;
  tbb::parallel_pipeline(10,
                         tbb::make_filter<void, Large>(filter_mode::serial_in_order,
                                                       [&](tbb::flow_control& control) {
                                                         if (next == 100) control.stop();
                                                         return Large(next++);
                                                       }),
                         tbb::make_filter<Large, Large>(filter_mode::parallel,
                                                        [](Large item) {
                                                          item.values[15] = item.values[0] * 2;
                                                          return item;
                                                        }),
                         tbb::make_filter<Large, std::string>(filter_mode::serial_in_order,
                                                              [&](const Large& item) {
                                                                sum += item.values[15];
                                                                return item.text;
                                                              }),
                         tbb::make_filter<std::string, void>(filter_mode::serial_out_of_order,
                                                             [&](const std::string& text) { letters += text.size(); }));
  std::printf("sum %ld, letters %zu, left %d\n", sum, letters, large_ones.load());
}

PROGRAM(pipeline_pointers) {
  // A null pointer is an item like any other.
  static int target = 5;
  int next = 0;
  std::atomic<int> null = 0;
  std::atomic<int> other = 0;
  tbb::parallel_pipeline(4,
                         tbb::make_filter<void, int*>(filter_mode::serial_in_order,
                                                      [&](tbb::flow_control& control) -> int* {
                                                        if (next == 50) control.stop();
                                                        return next++ % 2 == 0 ? nullptr : &target;
                                                      }),
                         tbb::make_filter<int*, int*>(filter_mode::parallel, [](int* item) { return item; }),
                         tbb::make_filter<int*, void>(filter_mode::serial_in_order,
                                                      [&](const int* item) { ++(item == nullptr ? null : other); }));
  std::printf("null %d, others %d\n", null.load(), other.load());
}

PROGRAM(pipeline_ends_of_input) {
  int calls = 0;
  int items = 0;
  tbb::parallel_pipeline(4,
                         tbb::make_filter<void, int>(filter_mode::serial_in_order,
                                                     [&](tbb::flow_control& control) {
                                                       ++calls;
                                                       control.stop();
                                                       return 1;
                                                     }),
                         tbb::make_filter<int, void>(filter_mode::serial_in_order, [&](int) { ++items; }));
  std::printf("stopped at once: calls %d, items %d\n", calls, items);
  int rounds = 0;
  tbb::parallel_pipeline(4, tbb::make_filter<void, void>(filter_mode::serial_in_order, [&](tbb::flow_control& control) {
                           if (++rounds == 20) control.stop();
                         }));
  std::printf("one filter: rounds %d\n", rounds);
  // A chain may be kept, and used more than once.
  std::vector<int> out;
  int next = 0;
  tbb::filter<void, int> input(filter_mode::serial_in_order, [&](tbb::flow_control& control) {
    if (next == 5) control.stop();
    return next++;
  });
  const tbb::filter<void, void> chain =
      input & tbb::make_filter<int, void>(filter_mode::serial_in_order, [&](int i) { out.push_back(i); });
  input.clear();
  tbb::parallel_pipeline(2, chain);
  next = 2;
  tbb::parallel_pipeline(2, chain);
  std::printf("a kept chain:");
  for (const int i : out) std::printf(" %d", i);
  std::printf("\n");
}

PROGRAM(pipeline_exceptions) {
  for (const int where : {0, 1, 2}) {
    int next = 0;
    bool in_order = true;
    int expected = 0;
    const auto run = [&] {
      tbb::parallel_pipeline(6,
                             tbb::make_filter<void, Large>(filter_mode::serial_in_order,
                                                           [&](tbb::flow_control& control) {
                                                             if (next == 100) control.stop();
                                                             if (where == 0 && next == 30) {
                                                               throw std::runtime_error("from the first filter");
                                                             }
                                                             return Large(next++);
                                                           }),
                             tbb::make_filter<Large, Large>(filter_mode::parallel,
                                                            [&](const Large& item) {
                                                              if (where == 1 && item.values[0] == 30) {
                                                                throw std::runtime_error("from the middle filter");
                                                              }
                                                              return item;
                                                            }),
                             tbb::make_filter<Large, void>(filter_mode::serial_in_order, [&](const Large& item) {
                               if (item.values[0] != expected++) in_order = false;
                               if (where == 2 && item.values[0] == 30) throw std::runtime_error("from the last filter");
                             }));
    };
    const std::string text = thrown_by(run);
    // Not how many items are left: what waits for a serial filter then, oneTBB sometimes forgets to destroy.
    std::printf("%s, in order %d\n", text.c_str(), in_order);
  }
}

PROGRAM(pipeline_cancel) {
  tbb::task_group_context context;
  int next = 0;
  int items = 0;
  tbb::parallel_pipeline(3,
                         tbb::make_filter<void, Large>(filter_mode::serial_in_order,
                                                       [&](tbb::flow_control&) {
                                                         // Endless, but for the cancellation.
                                                         return Large(next++);
                                                       }),
                         tbb::make_filter<Large, void>(filter_mode::serial_in_order,
                                                       [&](const Large&) {
                                                         if (++items == 40) context.cancel_group_execution();
                                                       }),
                         context);
  std::printf("got there %d, cancelled %d\n", items >= 40, context.is_group_execution_cancelled());
}

PROGRAM(pipeline_in_an_input_filter) {
  // The end of the inner one is not the end of the outer one, not even at an item that is 0.
  int next = 0;
  std::atomic<int> items = 0;
  const auto input = tbb::make_filter<void, int>(filter_mode::serial_in_order, [&](tbb::flow_control& control) {
    if (next == 5) {
      control.stop();
      return 0;
    }
    tbb::parallel_pipeline(2, numbers(3) & tbb::make_filter<int, void>(filter_mode::parallel, [](int) {}));
    return next++;
  });
  tbb::parallel_pipeline(4, input & tbb::make_filter<int, void>(filter_mode::parallel, [&](int) { ++items; }));
  std::printf("items %d\n", items.load());
}

}  // namespace
}  // namespace tbb_programs
