#include "preempt/executor.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/wait.h"

namespace preempt {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::eventually;

// Keeps the only processor of an executor without a spare thread until open().
class Gate {
 public:
  explicit Gate(Executor& executor) {
    executor.execute([state = state_] {
      state->entered = true;
      while (!state->open) testing::spin_a_little();
    });
    EXPECT_TRUE(eventually([this] { return state_->entered.load(); }));
  }
  ~Gate() { open(); }
  void open() { state_->open = true; }

 private:
  struct State {
    std::atomic<bool> entered = false, open = false;
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

const Options kOneAtATime = {.processors = 1, .preemption = Preemption::kNone, .max_threads = 1};

class ExecutorTest : public ::testing::TestWithParam<int> {
 protected:
  Executor executor_{{.processors = GetParam()}};
};

INSTANTIATE_TEST_SUITE_P(Processors, ExecutorTest, ::testing::Values(1, 2, 4));

TEST_P(ExecutorTest, RunsEachTaskOnce) {
  std::atomic<int> ran = 0;
  for (int i = 0; i < 1000; ++i) executor_.execute([&] { ++ran; });
  executor_.drain();
  EXPECT_EQ(ran, 1000);
}

TEST_P(ExecutorTest, RunsTasksOnThreadsOfItsOwn) {
  const auto mine = std::this_thread::get_id();
  EXPECT_NE(executor_.submit([] { return std::this_thread::get_id(); }).get(), mine);
}

TEST_P(ExecutorTest, SubmitGivesWhatTheTaskReturns) {
  int variable = 0;
  EXPECT_EQ(executor_.submit([] { return 42; }).get(), 42);
  EXPECT_EQ(executor_.submit([] { return std::make_unique<std::string>("moved"); }).get()->size(), 5u);
  int& reference = executor_.submit([&]() -> int& { return variable; }).get();
  EXPECT_EQ(&reference, &variable);
  executor_.submit([&] { variable = 7; }).get();
  EXPECT_EQ(variable, 7);
  static_assert(std::is_same_v<decltype(executor_.submit([] {})), std::future<void>>);
  static_assert(std::is_same_v<decltype(executor_.submit([&]() -> int& { return variable; })), std::future<int&>>);
}

TEST_P(ExecutorTest, SubmitGivesWhatTheTaskThrows) {
  std::future<int> future = executor_.submit([]() -> int { throw std::out_of_range("far"); });
  try {
    future.get();
    FAIL() << "nothing was thrown";
  } catch (const std::out_of_range& error) {
    EXPECT_STREQ(error.what(), "far");
  }
}

TEST_P(ExecutorTest, TakesMoveOnlyCallables) {
  auto number = std::make_unique<int>(5);
  std::atomic<int> seen = 0;
  executor_.execute([number = std::move(number), &seen] { seen = *number; });
  std::packaged_task<int()> packaged([] { return 6; });
  std::future<int> future = packaged.get_future();
  executor_.execute(std::move(packaged));
  EXPECT_EQ(future.get(), 6);
  executor_.drain();
  EXPECT_EQ(seen, 5);
}

std::atomic<int> function_calls = 0;
void count_call() { ++function_calls; }

struct CountsCopies {
  CountsCopies(std::atomic<int>& copy_count, std::atomic<int>& call_count) : copies(&copy_count), calls(&call_count) {}
  CountsCopies(const CountsCopies& other) : copies(other.copies), calls(other.calls) { ++*copies; }
  CountsCopies(CountsCopies&&) = default;
  void operator()() const { ++*calls; }
  std::atomic<int>*copies, *calls;
};

TEST_P(ExecutorTest, CopiesLvalueCallablesOnceAndMovesRvalues) {
  std::atomic<int> copies = 0, calls = 0;
  CountsCopies callable(copies, calls);
  executor_.execute(callable);
  const CountsCopies& constant = callable;
  executor_.execute(constant);
  executor_.drain();
  EXPECT_EQ(copies, 2);
  executor_.execute(std::move(callable));
  executor_.drain();
  EXPECT_EQ(copies, 2);
  EXPECT_EQ(calls, 3);
}

TEST_P(ExecutorTest, TakesFunctionsAndCallableObjects) {
  function_calls = 0;
  std::function<void()> function = count_call;
  executor_.execute(count_call);
  executor_.execute(&count_call);
  executor_.execute(function);
  executor_.execute(std::bind(count_call));
  executor_.execute([] { return 3; });
  executor_.drain();
  EXPECT_EQ(function_calls, 4);
}

struct CallableOnceAsRvalue {
  void operator()() && { ++*calls; }
  std::atomic<int>* calls;
};

TEST_P(ExecutorTest, CallsRvalueOnlyCallables) {
  std::atomic<int> calls = 0;
  executor_.execute(CallableOnceAsRvalue{&calls});
  executor_.drain();
  EXPECT_EQ(calls, 1);
}

TEST_P(ExecutorTest, CallableIsDestroyedBeforeDrainReturns) {
  const auto token = std::make_shared<int>(1);
  for (int i = 0; i < 200; ++i) executor_.execute([token] {});
  executor_.drain();
  EXPECT_EQ(token.use_count(), 1);
}

TEST_P(ExecutorTest, TasksSubmitTasks) {
  std::atomic<int> ran = 0;
  std::function<void(int)> spread = [&](int depth) {
    ++ran;
    if (depth == 0) return;
    for (int i = 0; i < 2; ++i) executor_.execute([&spread, depth] { spread(depth - 1); });
  };
  executor_.execute([&] { spread(9); });
  executor_.drain();
  EXPECT_EQ(ran, 1023);
}

TEST_P(ExecutorTest, TaskMakesAnotherExecutor) {
  const int result = executor_
                         .submit([] {
                           Executor inner({.processors = 1});
                           std::future<int> future = inner.submit([] { return 13; });
                           inner.drain();
                           return future.get();
                         })
                         .get();
  EXPECT_EQ(result, 13);
}

TEST_P(ExecutorTest, TryExecuteRunsTheTask) {
  std::atomic<bool> ran = false;
  EXPECT_TRUE(executor_.try_execute([&] { ran = true; }));
  executor_.drain();
  EXPECT_TRUE(ran);
}

TEST_P(ExecutorTest, RefusesAWrongTimeSliceOfATask) {
  std::atomic<bool> ran = false;
  for (const nanoseconds wrong : {nanoseconds(1), nanoseconds(-1), nanoseconds(std::chrono::seconds(11))}) {
    EXPECT_THROW(executor_.execute([&] { ran = true; }, {.time_slice = wrong}), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(executor_.submit([&] { ran = true; }, {.time_slice = wrong})),
                 std::invalid_argument);
  }
  executor_.drain();
  EXPECT_FALSE(ran);
}

TEST_P(ExecutorTest, SetTimeSliceRefusesWhatIsOutOfRange) {
  EXPECT_THROW(executor_.set_time_slice(nanoseconds(0)), std::invalid_argument);
  EXPECT_THROW(executor_.set_time_slice(std::chrono::microseconds(19)), std::invalid_argument);
  EXPECT_THROW(executor_.set_time_slice(std::chrono::milliseconds(10001)), std::invalid_argument);
  EXPECT_NO_THROW(executor_.set_time_slice(std::chrono::microseconds(20)));
  EXPECT_NO_THROW(executor_.set_time_slice(std::chrono::seconds(10)));
}

TEST_P(ExecutorTest, StatsAddUp) {
  for (int i = 0; i < 100; ++i) executor_.execute([] {});
  executor_.drain();
  const Stats stats = executor_.stats();
  EXPECT_EQ(stats.tasks_submitted, 100u);
  EXPECT_EQ(stats.tasks_completed, 100u);
  EXPECT_GE(stats.workers, GetParam());
  EXPECT_GE(stats.workers_peak, stats.workers);
  EXPECT_EQ(stats.spares_failed, 0u);
}

TEST(ExecutorExceptionTest, HandlerIsCalledOnTheWorkerWithWhatWasThrown) {
  std::thread::id thrown_on, handled_on;
  std::string what;
  Executor executor({.processors = 1, .on_exception = [&](std::exception_ptr exception) {
                       handled_on = std::this_thread::get_id();
                       try {
                         std::rethrow_exception(exception);
                       } catch (const std::exception& error) {
                         what = error.what();
                       }
                     }});
  executor.execute([&] {
    thrown_on = std::this_thread::get_id();
    throw std::runtime_error("thrown by a task");
  });
  executor.drain();
  EXPECT_EQ(what, "thrown by a task");
  EXPECT_EQ(handled_on, thrown_on);
  EXPECT_EQ(executor.submit([] { return 1; }).get(), 1) << "the worker goes on";
}

TEST(ExecutorExceptionTest, ExceptionOfSubmitDoesNotReachTheHandler) {
  std::atomic<int> handled = 0;
  Executor executor({.processors = 1, .on_exception = [&](std::exception_ptr) { ++handled; }});
  EXPECT_THROW(executor.submit([] { throw 1; }).get(), int);
  EXPECT_EQ(handled, 0);
}

TEST(ExecutorExceptionDeathTest, WithoutAHandlerTheProcessTerminates) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_EXIT(
      {
        prctl(PR_SET_DUMPABLE, 0);  // no core file
        Executor executor({.processors = 1});
        executor.execute([] { throw std::runtime_error("nobody catches this"); });
        executor.drain();
      },
      ::testing::KilledBySignal(SIGABRT), "nobody catches this");
}

TEST(ExecutorQueueTest, TryExecuteRefusesWhenTheQueueIsFull) {
  Options options = kOneAtATime;
  options.queue_capacity = 2;
  Executor executor(options);
  Gate gate(executor);
  std::atomic<int> ran = 0;
  EXPECT_TRUE(executor.try_execute([&] { ++ran; }));
  EXPECT_TRUE(executor.try_execute([&] { ++ran; }));
  const auto token = std::make_shared<int>(1);
  EXPECT_FALSE(executor.try_execute([&ran, token] { ran += 100; }));
  EXPECT_EQ(token.use_count(), 1) << "a refused callable is destroyed at once";
  gate.open();
  executor.drain();
  EXPECT_EQ(ran, 2);
  EXPECT_TRUE(executor.try_execute([&] { ++ran; }));
  executor.drain();
  EXPECT_EQ(ran, 3);
}

TEST(ExecutorQueueTest, ExecuteWaitsWhileTheQueueIsFull) {
  Options options = kOneAtATime;
  options.queue_capacity = 1;
  Executor executor(options);
  Gate gate(executor);
  std::atomic<int> ran = 0;
  executor.execute([&] { ++ran; });
  std::atomic<bool> accepted = false;
  std::thread submitter([&] {
    executor.execute([&] { ++ran; });
    accepted = true;
  });
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_FALSE(accepted);
  gate.open();
  submitter.join();
  executor.drain();
  EXPECT_TRUE(accepted);
  EXPECT_EQ(ran, 2);
}

TEST(ExecutorQueueTest, ExecuteInATaskNeverWaits) {
  Options options = kOneAtATime;
  options.queue_capacity = 1;
  Executor executor(options);
  std::atomic<int> ran = 0;
  executor.execute([&] {
    for (int i = 0; i < 100; ++i) executor.execute([&] { ++ran; });
  });
  executor.drain();
  EXPECT_EQ(ran, 100);
}

TEST(ExecutorOrderTest, FreshTasksRunFirstInFirstOut) {
  Executor executor(kOneAtATime);
  Gate gate(executor);
  std::vector<int> order;
  for (int i = 0; i < 100; ++i) executor.execute([&order, i] { order.push_back(i); });
  gate.open();
  executor.drain();
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
}

TEST(ExecutorOrderTest, HigherClassesRunFirst) {
  Options options = kOneAtATime;
  options.time_slice = std::chrono::seconds(1);  // so that no level gets its share of every 60 slices here
  Executor executor(options);
  Gate gate(executor);
  std::string order;
  const auto submit_three = [&](Priority priority, char name) {
    for (int i = 0; i < 3; ++i) executor.execute([&order, name] { order += name; }, {.priority = priority});
  };
  submit_three(Priority::kBackground, 'b');
  submit_three(Priority::kNormal, 'n');
  submit_three(Priority::kHigh, 'h');
  gate.open();
  executor.drain();
  EXPECT_EQ(order, "hhhnnnbbb");
}

}  // namespace
}  // namespace preempt
