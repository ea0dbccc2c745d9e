#include <tbb/blocked_range.h>
#include <tbb/parallel_reduce.h>
#include <tbb/parallel_scan.h>
#include <tbb/partitioner.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

using Range = tbb::blocked_range<int>;

PROGRAM(parallel_reduce_functional) {
  const auto add = [](const Range& range, long sum) {
    for (int i = range.begin(); i != range.end(); ++i) sum += i;
    return sum;
  };
  const Range range(0, 5000, 11);
  std::printf("default %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>()));
  std::printf("auto %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>(), tbb::auto_partitioner()));
  std::printf("simple %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>(), tbb::simple_partitioner()));
  std::printf("static %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>(), tbb::static_partitioner()));
  tbb::affinity_partitioner affinity;
  for (int i = 0; i < 3; ++i) {
    std::printf("affinity %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>(), affinity));
  }
  tbb::task_group_context context;
  std::printf("context %ld\n", tbb::parallel_reduce(range, 0L, add, std::plus<>(), context));
  std::printf("empty %ld\n", tbb::parallel_reduce(Range(4, 4), 17L, add, std::plus<>()));
}

PROGRAM(parallel_reduce_keeps_order) {
  // Associative, not commutative: pieces have to be joined in the order of the range.
  const auto append = [](const Range& range, std::string text) {
    for (int i = range.begin(); i != range.end(); ++i) text += char('a' + i % 26);
    return text;
  };
  std::string expected = append(Range(0, 1500), std::string());
  const auto check = [&](const char* name, const std::string& result) {
    std::printf("%s: %zu letters, in order %d\n", name, result.size(), result == expected);
  };
  const Range range(0, 1500, 3);
  check("auto", tbb::parallel_reduce(range, std::string(), append, std::plus<>()));
  check("simple", tbb::parallel_reduce(range, std::string(), append, std::plus<>(), tbb::simple_partitioner()));
  check("static", tbb::parallel_reduce(range, std::string(), append, std::plus<>(), tbb::static_partitioner()));
  check("deterministic", tbb::parallel_deterministic_reduce(range, std::string(), append, std::plus<>()));
}

struct Extremes {
  explicit Extremes(const std::vector<int>& values) : values(values) {}
  Extremes(const Extremes& other, tbb::split) : values(other.values) {}
  void operator()(const Range& range) {
    for (int i = range.begin(); i != range.end(); ++i) {
      least = std::min(least, values[i]);
      greatest = std::max(greatest, values[i]);
      ++count;
    }
  }
  void join(const Extremes& other) {
    least = std::min(least, other.least);
    greatest = std::max(greatest, other.greatest);
    count += other.count;
  }

  const std::vector<int>& values;
  int least = 1 << 30;
  int greatest = -(1 << 30);
  int count = 0;
};

PROGRAM(parallel_reduce_imperative) {
  std::vector<int> values(4000);
  for (int i = 0; i < 4000; ++i) values[i] = i * 7919 % 4001 - 2000;
  const auto check = [&](const char* name, const auto&... partitioner) {
    Extremes extremes(values);
    tbb::parallel_reduce(Range(0, 4000, 16), extremes, partitioner...);
    std::printf("%s: %d to %d of %d\n", name, extremes.least, extremes.greatest, extremes.count);
  };
  check("default");
  check("simple", tbb::simple_partitioner());
  check("static", tbb::static_partitioner());
  Extremes extremes(values);
  tbb::affinity_partitioner affinity;
  tbb::parallel_reduce(Range(0, 4000), extremes, affinity);
  tbb::parallel_deterministic_reduce(Range(0, 4000, 100), extremes);
  std::printf("twice: %d to %d of %d\n", extremes.least, extremes.greatest, extremes.count);
}

PROGRAM(parallel_deterministic_reduce_floats) {
  // How the pieces are added is a matter of the range alone, and so is the rounding.
  const auto add = [](const Range& range, float sum) {
    for (int i = range.begin(); i != range.end(); ++i) sum += 1.0F / float(i + 1);
    return sum;
  };
  const Range range(0, 10000, 100);
  const float first = tbb::parallel_deterministic_reduce(range, 0.0F, add, std::plus<>());
  std::printf("default %a\n", double(first));
  int same = 0;
  for (int i = 0; i < 20; ++i) same += tbb::parallel_deterministic_reduce(range, 0.0F, add, std::plus<>()) == first;
  std::printf("the same %d times\n", same);
  const float simple = tbb::parallel_deterministic_reduce(range, 0.0F, add, std::plus<>(), tbb::simple_partitioner());
  std::printf("simple %a\n", double(simple));
  const auto with_static = [&] {
    return tbb::parallel_deterministic_reduce(range, 0.0F, add, std::plus<>(), tbb::static_partitioner());
  };
  const float fixed = with_static();
  std::printf("static, the same again %d\n", fixed == with_static());
}

PROGRAM(parallel_scan_functional) {
  std::vector<int> prefix(3000);
  const auto scan = [&](const Range& range, int sum, bool is_final) {
    for (int i = range.begin(); i != range.end(); ++i) {
      sum += i % 10;
      if (is_final) prefix[i] = sum;
    }
    return sum;
  };
  const auto report = [&](const char* name, int total) {
    int expected = 0;
    int wrong = 0;
    for (int i = 0; i < 3000; ++i) wrong += prefix[i] != (expected += i % 10);
    std::printf("%s: total %d, wrong %d\n", name, total, wrong);
    std::fill(prefix.begin(), prefix.end(), -1);
  };
  const Range range(0, 3000, 8);
  report("default", tbb::parallel_scan(range, 0, scan, std::plus<>()));
  report("auto", tbb::parallel_scan(range, 0, scan, std::plus<>(), tbb::auto_partitioner()));
  report("simple", tbb::parallel_scan(range, 0, scan, std::plus<>(), tbb::simple_partitioner()));
}

// The running text of the letters' changes: its order matters.
struct Runs {
  explicit Runs(std::vector<std::string>& out) : out(&out) {}
  Runs(Runs& other, tbb::split) : out(other.out) {}
  template <typename Tag>
  void operator()(const Range& range, Tag) {
    for (int i = range.begin(); i != range.end(); ++i) {
      text += char('a' + i % 26);
      if (text.size() > 3) text.erase(0, text.size() - 3);
      if (Tag::is_final_scan()) (*out)[i] = text;
    }
  }
  void reverse_join(Runs& before) {
    text = before.text + text;
    if (text.size() > 3) text.erase(0, text.size() - 3);
  }
  void assign(Runs& other) { text = other.text; }

  std::vector<std::string>* out;
  std::string text;
};

PROGRAM(parallel_scan_imperative) {
  const auto check = [](const char* name, const auto&... partitioner) {
    std::vector<std::string> out(1000);
    Runs runs(out);
    tbb::parallel_scan(Range(0, 1000, 5), runs, partitioner...);
    int wrong = 0;
    std::string expected;
    for (int i = 0; i < 1000; ++i) {
      expected += char('a' + i % 26);
      if (expected.size() > 3) expected.erase(0, 1);
      wrong += out[i] != expected;
    }
    std::printf("%s: wrong %d, last %s\n", name, wrong, runs.text.c_str());
  };
  check("default");
  check("simple", tbb::simple_partitioner());
  check("auto", tbb::auto_partitioner());
}

}  // namespace
}  // namespace tbb_programs
