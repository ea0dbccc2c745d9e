// The exceptions of the library itself: their types and texts.
#include <tbb/concurrent_map.h>
#include <tbb/concurrent_priority_queue.h>
#include <tbb/concurrent_queue.h>
#include <tbb/concurrent_unordered_map.h>
#include <tbb/concurrent_vector.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_group.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

#include "program.h"

namespace tbb_programs {
namespace {

// Prints the type, the most derived one first, and the text.
template <typename Function>
void report(const char* what, Function&& function) {
  const auto print = [&](const char* type, const std::exception& e) {
    std::printf("%s: %s: %s\n", what, type, e.what());
  };
  try {
    function();
    std::printf("%s: nothing\n", what);
  } catch (const tbb::bad_last_alloc& e) {
    print("bad_last_alloc", e);
  } catch (const std::bad_alloc& e) {
    print("bad_alloc", e);
  } catch (const tbb::user_abort& e) {
    print("user_abort", e);
  } catch (const tbb::missing_wait& e) {
    print("missing_wait", e);
  } catch (const tbb::unsafe_wait& e) {
    print("unsafe_wait", e);
  } catch (const std::invalid_argument& e) {
    print("invalid_argument", e);
  } catch (const std::out_of_range& e) {
    print("out_of_range", e);
  } catch (const std::length_error& e) {
    print("length_error", e);
  } catch (const std::range_error& e) {
    print("range_error", e);
  } catch (const std::runtime_error& e) {
    print("runtime_error", e);
  } catch (const std::exception& e) {
    print("exception", e);
  }
}

PROGRAM(error_of_each_id) {
  using Id = tbb::detail::exception_id;
  const auto raise = [](const char* name, Id id) { report(name, [&] { tbb::detail::throw_exception(id); }); };
  raise("bad_alloc", Id::bad_alloc);
  raise("bad_last_alloc", Id::bad_last_alloc);
  raise("user_abort", Id::user_abort);
  raise("nonpositive_step", Id::nonpositive_step);
  raise("out_of_range", Id::out_of_range);
  raise("reservation_length_error", Id::reservation_length_error);
  raise("missing_wait", Id::missing_wait);
  raise("invalid_load_factor", Id::invalid_load_factor);
  raise("invalid_key", Id::invalid_key);
  raise("bad_tagged_msg_cast", Id::bad_tagged_msg_cast);
  raise("unsafe_wait", Id::unsafe_wait);
}

PROGRAM(error_nonpositive_step) {
  int ran = 0;
  report("zero", [&] { tbb::parallel_for(0, 10, 0, [&](int) { ++ran; }); });
  report("negative", [&] { tbb::parallel_for(0, 10, -1, [&](int) { ++ran; }); });
  report("with a partitioner", [&] {
    tbb::parallel_for(
        0, 10, 0, [&](int) { ++ran; }, tbb::static_partitioner());
  });
  std::printf("ran %d\n", ran);
}

PROGRAM(errors_of_containers) {
  tbb::concurrent_vector<int> vector(3);
  report("vector at", [&] { vector.at(3) = 1; });
  report("vector at a segment never made", [&] { vector.at(100000) = 1; });
  report("vector reserve", [&] { vector.reserve(vector.max_size() + 1); });
  tbb::concurrent_unordered_map<int, int> unordered;
  unordered.insert({1, 2});
  report("unordered map at", [&] { unordered.at(5) = 1; });
  report("unordered map at, const", [&] { static_cast<void>(std::as_const(unordered).at(5)); });
  report("unordered map load factor", [&] { unordered.max_load_factor(-1.0F); });
  tbb::concurrent_map<int, int> ordered;
  report("map at", [&] { ordered.at(5) = 1; });
  report("map at, const", [&] { static_cast<void>(std::as_const(ordered).at(5)); });
  tbb::concurrent_bounded_queue<int> queue;
  queue.push(1);
  queue.abort();
  int value = 0;
  report("bounded queue after an abort", [&] { queue.pop(value); });
  std::printf("value %d\n", value);
}

bool allocation_fails = false;

template <typename T>
struct Failing {
  using value_type = T;
  Failing() = default;
  template <typename U>
  Failing(const Failing<U>&) {}
  T* allocate(std::size_t n) {
    if (allocation_fails) throw std::bad_alloc();
    return std::allocator<T>().allocate(n);
  }
  void deallocate(T* p, std::size_t n) { std::allocator<T>().deallocate(p, n); }
  friend bool operator==(const Failing&, const Failing&) { return true; }
};

PROGRAM(errors_of_allocation) {
  tbb::concurrent_priority_queue<int, std::less<>, Failing<int>> priorities;
  priorities.push(1);
  allocation_fails = true;
  report("priority queue", [&] {
    for (int i = 0; i < 100; ++i) priorities.push(i);
  });
  tbb::concurrent_vector<int, Failing<int>> vector;
  report("vector", [&] { vector.grow_by(100); });
  allocation_fails = false;
  tbb::concurrent_queue<int, Failing<int>> queue;
  allocation_fails = true;
  report("queue", [&] { queue.push(1); });
  allocation_fails = false;
  // The place that could not be had stays invalid, and every eighth push comes by.
  report("queue later", [&] {
    for (int i = 0; i < 8; ++i) queue.push(i);
  });
}

}  // namespace
}  // namespace tbb_programs
