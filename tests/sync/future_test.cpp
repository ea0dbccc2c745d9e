#include "preempt/sync/future.h"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "fiber/sanitizer.h"
#include "preempt/executor.h"
#include "support/scale.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;

template <class F>
std::error_code future_error_of(F&& f) {
  try {
    f();
  } catch (const std::future_error& error) {
    return error.code();
  }
  return {};
}

TEST(Future, CarriesAValue) {
  Promise<std::unique_ptr<int>> promise;
  Future<std::unique_ptr<int>> future = promise.get_future();
  EXPECT_EQ(future.wait_for(1ms), std::future_status::timeout);
  std::thread([&promise] { promise.set_value(std::make_unique<int>(7)); }).join();
  EXPECT_EQ(future.wait_for(0ms), std::future_status::ready);
  EXPECT_EQ(*future.get(), 7);
  EXPECT_FALSE(future.valid());
}

TEST(Future, CarriesAReferenceAndNothing) {
  int object = 0;
  Promise<int&> reference;
  Future<int&> to_object = reference.get_future();
  reference.set_value(object);
  EXPECT_EQ(&to_object.get(), &object);
  Promise<void> nothing;
  Future<void> done = nothing.get_future();
  nothing.set_value();
  done.get();
}

TEST(Future, CarriesAnException) {
  Promise<int> promise;
  Future<int> future = promise.get_future();
  promise.set_exception(std::make_exception_ptr(std::runtime_error("no")));
  EXPECT_THROW(future.get(), std::runtime_error);
}

TEST(Future, ErrorsAsInStd) {
  Future<int> broken;
  EXPECT_EQ(future_error_of([&broken] { broken.get(); }), std::future_errc::no_state);
  {
    Promise<int> promise;
    broken = promise.get_future();
    EXPECT_EQ(future_error_of([&promise] { static_cast<void>(promise.get_future()); }),
              std::future_errc::future_already_retrieved);
  }
  EXPECT_EQ(future_error_of([&broken] { broken.get(); }), std::future_errc::broken_promise);
  Promise<int> promise;
  promise.set_value(1);
  EXPECT_EQ(future_error_of([&promise] { promise.set_value(2); }), std::future_errc::promise_already_satisfied);
  const Promise<int> moved = std::move(promise);
  EXPECT_EQ(future_error_of([&promise] { promise.set_value(2); }), std::future_errc::no_state);
}

TEST(Future, AValueThatCannotBeCopiedIsNotSet) {
  struct Fails {
    Fails() = default;
    Fails(const Fails&) { throw std::runtime_error("no copy"); }
  };
  Promise<Fails> promise;
  Future<Fails> future = promise.get_future();
  const Fails value;
  EXPECT_THROW(promise.set_value(value), std::runtime_error);
  EXPECT_EQ(future.wait_for(0ms), std::future_status::timeout);
}

TEST(Async, ReturnsValuesAndExceptions) {
  Executor executor({.processors = 2});
  EXPECT_EQ(executor.async([] { return std::string("value"); }).get(), "value");
  executor.async([] {}).get();
  EXPECT_THROW(executor.async([]() -> int { throw std::logic_error("no"); }).get(), std::logic_error);
  auto moved = executor.async([value = std::make_unique<int>(3)] { return *value; });
  EXPECT_EQ(moved.get(), 3);
}

// Each waits for a task that is queued behind it.
int nested(Executor& executor, int depth) {
  return depth == 0 ? 0 : 1 + executor.async([&executor, depth] { return nested(executor, depth - 1); }).get();
}

TEST(Async, NestedWaitsOfMigratableTasksKeepNoThread) {
  Executor executor({.processors = 1, .max_threads = 1, .migratable = true});
  EXPECT_EQ(executor.async([&executor] { return nested(executor, 20); }).get(), 20);
  EXPECT_EQ(executor.stats().workers_peak, 1);
  EXPECT_GT(executor.stats().fiber_switches, 0u);
}

TEST(Async, NestedWaitsOfPinnedTasksHandTheProcessorOn) {
  Executor executor({.processors = 1});
  EXPECT_EQ(executor.async([&executor] { return nested(executor, 20); }).get(), 20);
  EXPECT_GE(executor.stats().handoffs, 20u);
}

// More than there are threads.
TEST(Async, ManyMigratableTasksWaitForOne) {
  if (fiber::kIsSanitized) GTEST_SKIP() << "a sanitizer needs more than the 64 KiB of stack that these tasks have";
  Executor executor({.processors = 2, .max_threads = 4, .stack_size = 64 << 10, .migratable = true});
  Latch go(1);
  const int tasks = preempt::testing::scaled(10'000);
  std::vector<Future<int>> futures;
  for (int i = 0; i < tasks; ++i) {
    futures.push_back(executor.async([&go, i] {
      go.wait();
      return i;
    }));
  }
  go.count_down();
  for (int i = 0; i < tasks; ++i) ASSERT_EQ(futures[i].get(), i);
}

}  // namespace
}  // namespace preempt
