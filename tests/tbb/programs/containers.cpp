#include <tbb/collaborative_call_once.h>
#include <tbb/combinable.h>
#include <tbb/concurrent_hash_map.h>
#include <tbb/concurrent_lru_cache.h>
#include <tbb/concurrent_map.h>
#include <tbb/concurrent_priority_queue.h>
#include <tbb/concurrent_set.h>
#include <tbb/concurrent_unordered_map.h>
#include <tbb/concurrent_unordered_set.h>
#include <tbb/concurrent_vector.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>

#include <atomic>
#include <cstdio>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "program.h"

namespace tbb_programs {
namespace {

PROGRAM(concurrent_vector_growth) {
  tbb::concurrent_vector<int> vector;
  tbb::parallel_for(0, 2000, [&](int i) {
    const auto place = vector.push_back(i);
    if (*place != i) std::printf("the place returned is another's\n");
  });
  std::printf("size %zu, sum %d\n", vector.size(), std::accumulate(vector.begin(), vector.end(), 0));
  tbb::parallel_for(0, 100, [&](int) { vector.grow_by(5, 1); });
  vector.grow_to_at_least(3000);
  std::printf("size %zu, sum %d\n", vector.size(), std::accumulate(vector.begin(), vector.end(), 0));
  const int sum = tbb::parallel_reduce(
      vector.range(), 0, [](const auto& range, int sum) { return std::accumulate(range.begin(), range.end(), sum); },
      std::plus<>());
  std::printf("in parallel %d, at 2999: %d\n", sum, vector.at(2999));
}

PROGRAM(concurrent_hash_map_counts) {
  using Map = tbb::concurrent_hash_map<std::string, int>;
  Map map;
  tbb::parallel_for(0, 3000, [&](int i) {
    Map::accessor accessor;
    map.insert(accessor, "key" + std::to_string(i % 37));
    accessor->second += 1;
  });
  int sum = 0;
  for (const auto& item : map) sum += item.second;
  Map::const_accessor accessor;
  const bool found = map.find(accessor, "key5");
  std::printf("keys %zu, sum %d, key5 %d %d\n", map.size(), sum, found, accessor->second);
  accessor.release();
  std::printf("erased %d, ", map.erase("key5"));
  std::printf("again %d, left %zu\n", map.erase("key5"), map.size());
  std::atomic<int> counted = 0;
  tbb::parallel_for(map.range(), [&](const auto& range) {
    for (auto item = range.begin(); item != range.end(); ++item) counted += item->second;
  });
  std::printf("counted %d\n", counted.load());
}

PROGRAM(concurrent_unordered_containers) {
  tbb::concurrent_unordered_map<int, int> map;
  tbb::concurrent_unordered_set<int> set;
  tbb::concurrent_unordered_multimap<int, int> multimap;
  std::atomic<int> inserted = 0;
  tbb::parallel_for(0, 2000, [&](int i) {
    inserted += map.insert({i % 500, i}).second;
    set.insert(i % 100);
    multimap.insert({i % 10, i});
  });
  std::printf("map %zu, inserted %d, set %zu, multimap %zu of key 3\n", map.size(), inserted.load(), set.size(),
              multimap.count(3));
  int keys = 0;
  for (const auto& item : map) keys += item.first;
  std::printf("keys %d, at(499) %% 500 = %d, erased %zu\n", keys, map.at(499) % 500, map.unsafe_erase(3));
}

PROGRAM(concurrent_ordered_containers) {
  tbb::concurrent_map<int, std::string> map;
  tbb::concurrent_set<int> set;
  tbb::concurrent_multimap<int, int> multimap;
  tbb::parallel_for(0, 600, [&](int i) {
    map.insert({i * 7 % 601, std::to_string(i)});
    set.insert(i % 50);
    multimap.insert({i % 4, i});
  });
  int previous = -1;
  bool ascending = true;
  for (const auto& item : map) {
    ascending = ascending && item.first > previous;
    previous = item.first;
  }
  std::printf("map %zu, ascending %d, at(7) %s\n", map.size(), ascending, map.at(7).c_str());
  std::printf("set %zu, first %d, lower bound of 48: %d\n", set.size(), *set.begin(), *set.lower_bound(48));
  std::printf("multimap %zu of key 2\n", multimap.count(2));
}

PROGRAM(concurrent_priority_queue_order) {
  tbb::concurrent_priority_queue<int> queue;
  tbb::parallel_for(0, 1000, [&](int i) { queue.push(i * 37 % 1000); });
  std::printf("size %zu\n", queue.size());
  int previous = 1000;
  bool descending = true;
  int value = 0;
  int popped = 0;
  while (queue.try_pop(value)) {
    descending = descending && value <= previous;
    previous = value;
    ++popped;
  }
  std::printf("popped %d, descending %d\n", popped, descending);
  tbb::concurrent_priority_queue<int, std::greater<>> least;
  std::atomic<int> sum = 0;
  tbb::parallel_for(0, 500, [&](int i) {
    least.emplace(i);
    int taken = 0;
    if (least.try_pop(taken)) sum += taken;
  });
  while (least.try_pop(value)) sum += value;
  std::printf("sum %d, empty %d\n", sum.load(), least.empty());
}

PROGRAM(thread_specific_values) {
  // Atomic: the specification does not say that a body runs on without another one on its thread in between.
  tbb::enumerable_thread_specific<std::atomic<int>> counts;
  tbb::parallel_for(0, 1000, [&](int) { ++counts.local(); });
  int each = 0;
  counts.combine_each([&](const std::atomic<int>& count) { each += count; });
  int iterated = 0;
  for (const std::atomic<int>& count : counts) iterated += count;
  std::printf("each %d, iterated %d, some %d\n", each, iterated, counts.size() > 0);
  counts.clear();
  bool exists = true;
  counts.local(exists);
  std::printf("after clear %zu, existed %d\n", counts.size(), exists);
  tbb::enumerable_thread_specific<std::vector<int>> lists;
  tbb::combinable<long> sums([] { return 100L; });
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&lists, &sums, i] {
      for (int j = 0; j <= i; ++j) lists.local().push_back(j);
      sums.local() += i;
    });
  }
  for (std::thread& thread : threads) thread.join();
  const auto flat = tbb::flatten2d(lists);
  std::printf("lists %zu, elements %zu, sum %ld\n", lists.size(), flat.size(), sums.combine(std::plus<>()));
  tbb::enumerable_thread_specific<int, tbb::cache_aligned_allocator<int>, tbb::ets_key_per_instance> keyed(3);
  keyed.local() += 4;
  std::printf("keyed %d\n", keyed.local());
}

PROGRAM(call_once) {
  tbb::collaborative_once_flag flag;
  std::atomic<int> calls = 0;
  std::atomic<int> inner = 0;
  std::atomic<int> early = 0;
  tbb::parallel_for(0, 50, [&](int) {
    tbb::collaborative_call_once(flag, [&] {
      tbb::parallel_for(0, 100, [&](int) { ++inner; });
      ++calls;
    });
    if (calls != 1 || inner != 100) ++early;
  });
  std::printf("calls %d, inner %d, returned early %d\n", calls.load(), inner.load(), early.load());
  tbb::collaborative_once_flag with_arguments;
  int sum = 0;
  tbb::collaborative_call_once(
      with_arguments, [&](int a, int b) { sum = a + b; }, 3, 4);
  tbb::collaborative_call_once(
      with_arguments, [&](int a, int b) { sum = a * b; }, 3, 4);
  std::printf("sum %d\n", sum);
}

PROGRAM(call_once_exception) {
  tbb::collaborative_once_flag flag;
  int calls = 0;
  const auto attempt = [&] {
    return thrown_by([&] {
      tbb::collaborative_call_once(flag, [&] {
        if (++calls < 3) throw std::runtime_error("not yet");
      });
    });
  };
  for (int i = 0; i < 4; ++i) {
    std::printf("%s, ", attempt().c_str());
    std::printf("calls %d\n", calls);
  }
  tbb::collaborative_once_flag of_many;
  std::atomic<int> tries = 0;
  std::atomic<int> failed = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      failed += thrown_by([&] {
                  tbb::collaborative_call_once(of_many, [&] {
                    if (++tries == 1) throw std::runtime_error("the first try");
                    tbb::parallel_for(0, 50, [](int) {});
                  });
                }) == "the first try";
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("tries %d, failed %d\n", tries.load(), failed.load());
}

PROGRAM(lru_cache) {
  static std::atomic<int> computed = 0;
  tbb::concurrent_lru_cache<int, int> cache(
      [](int key) {
        ++computed;
        return key * key;
      },
      3);
  for (const int key : {1, 2, 3, 1, 2, 3}) std::printf("%d ", cache[key].value());
  std::printf("computed %d\n", computed.load());
  for (const int key : {4, 1}) std::printf("%d ", cache[key].value());
  std::printf("computed %d\n", computed.load());
  std::atomic<int> wrong = 0;
  tbb::parallel_for(0, 200, [&](int i) {
    auto handle = cache[i % 5];
    if (handle.value() != (i % 5) * (i % 5)) ++wrong;
  });
  std::printf("wrong %d\n", wrong.load());
}

}  // namespace
}  // namespace tbb_programs
