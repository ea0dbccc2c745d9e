#include <tbb/blocked_range.h>
#include <tbb/blocked_range2d.h>
#include <tbb/blocked_range3d.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_for_each.h>
#include <tbb/parallel_invoke.h>
#include <tbb/parallel_sort.h>
#include <tbb/partitioner.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <forward_list>
#include <functional>
#include <iterator>
#include <list>
#include <sstream>
#include <string>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using Range = tbb::blocked_range<int>;

// How often each index was visited.
class Visits {
 public:
  explicit Visits(int count) : counts_(count) {}
  void add(int i) { ++counts_[i]; }
  void add(const Range& range) {
    for (int i = range.begin(); i != range.end(); ++i) add(i);
  }
  bool each(int times) const {
    return std::all_of(counts_.begin(), counts_.end(), [&](const std::atomic<int>& n) { return n == times; });
  }

 private:
  std::vector<std::atomic<int>> counts_;
};

PROGRAM(parallel_for_indexes) {
  std::atomic<long> sum = 0;
  tbb::parallel_for(0, 1000, [&](int i) { sum += i; });
  std::printf("sum %ld\n", sum.exchange(0));
  tbb::parallel_for(10, 100, 7, [&](int i) { sum += i; });
  std::printf("with step %ld\n", sum.exchange(0));
  tbb::parallel_for(std::size_t{5}, std::size_t{6}, std::size_t{1000}, [&](std::size_t i) { sum += long(i); });
  std::printf("step beyond the end %ld\n", sum.exchange(0));
  tbb::parallel_for(5, 5, [&](int) { ++sum; });
  tbb::parallel_for(7, 5, [&](int) { ++sum; });
  tbb::parallel_for(7, 5, 2, [&](int) { ++sum; });
  std::printf("empty ones %ld\n", sum.load());
  tbb::parallel_for(std::int64_t{-50}, std::int64_t{50}, [&](std::int64_t i) { sum += i; });
  std::printf("negative ones %ld\n", sum.load());
}

PROGRAM(parallel_for_indexes_partitioned) {
  Visits visits(500);
  const auto visit = [&](int i) { visits.add(i); };
  tbb::parallel_for(0, 500, visit, tbb::auto_partitioner());
  tbb::parallel_for(0, 500, visit, tbb::simple_partitioner());
  tbb::parallel_for(0, 500, visit, tbb::static_partitioner());
  tbb::affinity_partitioner affinity;
  tbb::parallel_for(0, 500, visit, affinity);
  tbb::parallel_for(0, 500, 1, visit, affinity);
  tbb::task_group_context context;
  tbb::parallel_for(0, 500, visit, context);
  tbb::parallel_for(0, 500, visit, tbb::static_partitioner(), context);
  std::printf("each seven times: %d\n", visits.each(7));
}

PROGRAM(parallel_for_partitioners) {
  Visits visits(2000);
  const auto visit = [&](const Range& range) { visits.add(range); };
  tbb::parallel_for(Range(0, 2000), visit);
  std::printf("default %d\n", visits.each(1));
  tbb::parallel_for(Range(0, 2000, 7), visit, tbb::auto_partitioner());
  std::printf("auto %d\n", visits.each(2));
  tbb::parallel_for(Range(0, 2000, 7), visit, tbb::simple_partitioner());
  std::printf("simple %d\n", visits.each(3));
  tbb::parallel_for(Range(0, 2000, 7), visit, tbb::static_partitioner());
  std::printf("static %d\n", visits.each(4));
  tbb::affinity_partitioner affinity;
  for (int i = 0; i < 5; ++i) tbb::parallel_for(Range(0, 2000, 7), visit, affinity);
  std::printf("affinity %d\n", visits.each(9));
  tbb::parallel_for(Range(0, 2000, 5000), visit);
  std::printf("coarse %d\n", visits.each(10));
  tbb::parallel_for(Range(3, 3), visit);
  std::printf("empty %d\n", visits.each(10));
}

PROGRAM(parallel_for_simple_chunks) {
  // With simple_partitioner a range is split as long as it is divisible, wherever the pieces run.
  std::atomic<int> chunks = 0;
  std::atomic<bool> sizes_are_right = true;
  tbb::parallel_for(
      Range(0, 1000, 10),
      [&](const Range& range) {
        ++chunks;
        if (range.size() > 10 || range.size() < 5) sizes_are_right = false;
      },
      tbb::simple_partitioner());
  std::printf("chunks %d, of five to ten %d\n", chunks.load(), sizes_are_right.load());
}

PROGRAM(parallel_for_grids) {
  std::atomic<int> cells = 0;
  std::atomic<long> sum = 0;
  tbb::parallel_for(tbb::blocked_range2d<int>(0, 40, 5, 0, 30, 4), [&](const tbb::blocked_range2d<int>& range) {
    for (int i = range.rows().begin(); i != range.rows().end(); ++i) {
      for (int j = range.cols().begin(); j != range.cols().end(); ++j) {
        ++cells;
        sum += i * j;
      }
    }
  });
  std::printf("2d: cells %d, sum %ld\n", cells.exchange(0), sum.exchange(0));
  using Cube = tbb::blocked_range3d<int>;
  tbb::parallel_for(
      Cube(0, 8, 2, 0, 10, 3, 0, 12, 4),
      [&](const Cube& range) {
        for (int i = range.pages().begin(); i != range.pages().end(); ++i) {
          for (int j = range.rows().begin(); j != range.rows().end(); ++j) {
            for (int k = range.cols().begin(); k != range.cols().end(); ++k) {
              ++cells;
              sum += i * j * k;
            }
          }
        }
      },
      tbb::simple_partitioner());
  std::printf("3d: cells %d, sum %ld\n", cells.load(), sum.load());
}

// A range of the program's own: powers of two, split down to single ones.
class Bits {
 public:
  Bits(int begin, int end) : begin_(begin), end_(end) {}
  Bits(Bits& other, tbb::split) : begin_((other.begin_ + other.end_) / 2), end_(other.end_) { other.end_ = begin_; }
  bool empty() const { return begin_ == end_; }
  bool is_divisible() const { return end_ - begin_ > 1; }
  std::uint64_t value() const {
    std::uint64_t value = 0;
    for (int i = begin_; i < end_; ++i) value |= std::uint64_t{1} << i;
    return value;
  }

 private:
  int begin_;
  int end_;
};

PROGRAM(parallel_for_own_range) {
  std::atomic<std::uint64_t> bits = 0;
  const auto add = [&](const Bits& range) { bits += range.value(); };
  tbb::parallel_for(Bits(0, 64), add);
  std::printf("%llx\n", static_cast<unsigned long long>(bits.exchange(0)));
  tbb::parallel_for(Bits(0, 64), add, tbb::simple_partitioner());
  std::printf("%llx\n", static_cast<unsigned long long>(bits.exchange(0)));
  tbb::affinity_partitioner affinity;
  tbb::parallel_for(Bits(3, 60), add, affinity);
  std::printf("%llx\n", static_cast<unsigned long long>(bits.load()));
}

PROGRAM(parallel_for_each_iterators) {
  std::atomic<int> sum = 0;
  const auto add = [&](int value) { sum += value; };
  std::vector<int> vector(500, 1);
  tbb::parallel_for_each(vector.begin(), vector.end(), add);
  tbb::parallel_for_each(vector, add);
  tbb::parallel_for_each(vector.cbegin(), vector.cend(), add);
  std::printf("random access %d\n", sum.exchange(0));
  std::list<int> list(300, 2);
  tbb::parallel_for_each(list.begin(), list.end(), add);
  std::forward_list<int> forward(100, 3);
  tbb::parallel_for_each(forward.begin(), forward.end(), add);
  std::printf("forward %d\n", sum.exchange(0));
  std::istringstream numbers("1 2 3 4 5 6 7 8 9 10");
  tbb::parallel_for_each(std::istream_iterator<int>(numbers), std::istream_iterator<int>(), add);
  std::printf("input %d\n", sum.exchange(0));
  tbb::parallel_for_each(vector.begin(), vector.begin(), add);
  std::printf("empty %d\n", sum.load());
  tbb::parallel_for_each(vector.begin(), vector.end(), [](int& value) { value *= 5; });
  std::printf("changed in place %d\n", int(std::count(vector.begin(), vector.end(), 5)));
}

PROGRAM(parallel_for_each_feeder) {
  std::atomic<int> visited = 0;
  std::atomic<long> sum = 0;
  const auto visit = [&](int node, tbb::feeder<int>& feeder) {
    ++visited;
    sum += node;
    if (node < 1024) {
      feeder.add(2 * node);
      feeder.add(2 * node + 1);
    }
  };
  const std::vector<int> roots = {1};
  tbb::parallel_for_each(roots.begin(), roots.end(), visit);
  std::printf("from a vector: %d nodes, sum %ld\n", visited.exchange(0), sum.exchange(0));
  std::istringstream numbers("512 513 514");
  tbb::parallel_for_each(std::istream_iterator<int>(numbers), std::istream_iterator<int>(), visit);
  std::printf("from a stream: %d nodes, sum %ld\n", visited.load(), sum.load());
}

PROGRAM(parallel_invoke_functions) {
  std::atomic<int> sum = 0;
  const auto add = [&](int value) { return [&sum, value] { sum += value; }; };
  tbb::parallel_invoke(add(1), add(2));
  std::printf("two: %d\n", sum.exchange(0));
  tbb::parallel_invoke(add(1), add(2), add(4));
  std::printf("three: %d\n", sum.exchange(0));
  tbb::parallel_invoke(add(1), add(2), add(4), add(8), add(16), add(32), add(64), add(128), add(256), add(512),
                       add(1024), add(2048));
  std::printf("twelve: %d\n", sum.exchange(0));
  tbb::task_group_context context;
  tbb::parallel_invoke(add(1), add(2), context);
  std::printf("with a context: %d\n", sum.exchange(0));
  tbb::parallel_invoke([&] { tbb::parallel_invoke(add(1), add(2)); }, [&] { tbb::parallel_invoke(add(4), add(8)); });
  std::printf("nested: %d\n", sum.load());
}

PROGRAM(parallel_sort_containers) {
  std::vector<unsigned> numbers(20000);
  unsigned state = 12345;
  for (unsigned& number : numbers) number = state = state * 1664525 + 1013904223;
  std::vector<unsigned> expected = numbers;
  std::sort(expected.begin(), expected.end());
  std::vector<unsigned> sorted = numbers;
  tbb::parallel_sort(sorted.begin(), sorted.end());
  std::printf("numbers %d\n", sorted == expected);
  tbb::parallel_sort(sorted);
  std::printf("sorted ones %d\n", sorted == expected);
  tbb::parallel_sort(sorted.begin(), sorted.end(), std::greater<>());
  std::printf("descending %d\n", std::is_sorted(sorted.begin(), sorted.end(), std::greater<>()));
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i) words.push_back("word" + std::to_string(numbers[i] % 1000));
  tbb::parallel_sort(words);
  std::printf("strings %d, first %s, last %s\n", std::is_sorted(words.begin(), words.end()), words.front().c_str(),
              words.back().c_str());
  std::vector<int> few = {3, 1, 2};
  tbb::parallel_sort(few);
  std::vector<int> none;
  tbb::parallel_sort(none);
  std::printf("few %d%d%d, none %zu\n", few[0], few[1], few[2], none.size());
}

}  // namespace
}  // namespace tbb_programs
