// What an Executor is told wrong: an exception that names field, value and range, and nothing is started or run.
#include <dirent.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "preempt/executor.h"
#include "support/refused.h"
#include "support/threads.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::expect_parts;

int open_descriptors() {
  int count = 0;
  DIR* directory = opendir("/proc/self/fd");
  while (directory != nullptr && readdir(directory) != nullptr) ++count;
  if (directory != nullptr) closedir(directory);
  return count;
}

// What an Executor that starts changes in its process.
struct Started {
  std::vector<pid_t> threads = testing::threads_of_this_process();
  int descriptors = open_descriptors();
  void (*urg)(int) = [] {
    struct sigaction action;
    sigaction(SIGURG, nullptr, &action);
    return action.sa_handler;
  }();

  bool operator==(const Started&) const = default;
};

// What() of the exception that `action` throws; "" when it throws none or another one.
template <class Exception, class Action>
std::string thrown_by(Action&& action) {
  try {
    action();
  } catch (const Exception& exception) {
    return exception.what();
  } catch (...) {
    ADD_FAILURE() << "another exception than expected";
  }
  return "";
}

void expect_not_started(const std::function<void()>& start, std::initializer_list<std::string> parts) {
  const Started before;
  const std::string what = thrown_by<std::invalid_argument>(start);
  EXPECT_TRUE(Started() == before) << "left behind by: " << what;
  expect_parts(what, parts);
}

// Before any Executor: the tests after this one would hide a thread or handler that a refused one leaves for good.
TEST(BadInput, StartsNothing) {
  struct Case {
    Options options;
    std::string field, value, range;
  };
  const Case cases[] = {
      {{.processors = -1}, "processors", "-1", "1 .. 1024"},
      {{.processors = 1025, .max_threads = 2000}, "processors", "1025", "1 .. 1024"},
      {{.time_slice = 1ns}, "time_slice", "1ns", "20us .. 10s"},
      {{.time_slice = 0ns}, "time_slice", "0", "20us .. 10s"},
      {{.time_slice = 11s}, "time_slice", "11s", "20us .. 10s"},
      {{.preemption = static_cast<Preemption>(4)}, "preemption", "4", "none, checkpoints, signal_safe or everywhere"},
      {{.max_threads = 0}, "max_threads", "0", "1 .. 1000000"},
      {{.processors = 4, .max_threads = 3}, "max_threads", "3", "4 .. 1000000"},
      {{.stack_size = 1}, "stack_size", "1", "65536"},
      {{.stack_size = std::size_t{2} << 30}, "stack_size", "2147483648", "1073741824"},
      {{.signal = 9}, "signal", "9", "1 .. 64"},
      {{.signal = SIGSEGV}, "signal", "11", "SEGV"},
      {{.signal = 33}, "signal", "33", "32, 33"},
      {{.signal = 0}, "signal", "0", "1 .. 64"},
      {{.slice_growth = 0}, "slice_growth", "0", "1 .. 16"},
      {{.slice_growth = 17}, "slice_growth", "17", "1 .. 16"},
  };
  for (const Case& c : cases) {
    expect_not_started([&] { Executor executor(c.options); }, {c.field + " = " + c.value, c.range});
  }
}

TEST(BadInput, EnvironmentStartsNothing) {
  struct Case {
    const char *variable, *value, *range;
  };
  const Case cases[] = {
      {"PREEMPT_PROCESSORS", "-1", "1 .. 1024"},
      {"PREEMPT_PROCESSORS", "all", "1 .. 1024"},
      {"PREEMPT_TIME_SLICE", "1ns", "20us .. 10s"},
      {"PREEMPT_TIME_SLICE", "soon", "20us .. 10s"},
      {"PREEMPT_PREEMPTION", "sometimes", "none, checkpoints, signal_safe or everywhere"},
      {"PREEMPT_MAX_THREADS", "0", "1 .. 1000000"},
      {"PREEMPT_STACK_SIZE", "1", "65536"},
      {"PREEMPT_QUEUE_CAPACITY", "-1", "0 for no bound"},
      {"PREEMPT_SIGNAL", "9", "1 .. 64"},
      {"PREEMPT_SIGNAL", "SIGSEGV", "SEGV"},
      {"PREEMPT_SLICE_GROWTH", "17", "1 .. 16"},
      {"PREEMPT_MIGRATABLE", "perhaps", "0, 1, true or false"},
  };
  for (const Case& c : cases) {
    setenv(c.variable, c.value, 1);
    expect_not_started([] { Executor executor; }, {std::string(c.variable) + "=" + c.value, c.range});
    unsetenv(c.variable);
  }
}

TEST(BadInput, UnknownVariablesAreIgnored) {
  setenv("PREEMPT_NO_SUCH_OPTION", "-1", 1);
  Executor executor({.processors = 1});
  unsetenv("PREEMPT_NO_SUCH_OPTION");
  EXPECT_EQ(executor.submit([] { return 7; }).get(), 7);
}

// A callable that tells whether it ran and whether it is gone.
class Witness {
 public:
  auto callable() {
    return [life = life_, ran = ran_] { *ran = true; };
  }
  bool ran() const { return *ran_; }
  bool destroyed() const { return life_.use_count() == 1; }

 private:
  std::shared_ptr<int> life_ = std::make_shared<int>();
  std::shared_ptr<std::atomic<bool>> ran_ = std::make_shared<std::atomic<bool>>(false);
};

TEST(BadInput, SubmissionAfterShutdown) {
  Executor executor({.processors = 1});
  executor.shutdown();
  Witness executed, submitted, tried;
  EXPECT_NE(thrown_by<std::runtime_error>([&] { executor.execute(executed.callable()); }), "");
  EXPECT_NE(thrown_by<std::runtime_error>([&] { static_cast<void>(executor.submit(submitted.callable())); }), "");
  EXPECT_FALSE(executor.try_execute(tried.callable()));
  executor.drain();
  for (const Witness* witness : {&executed, &submitted, &tried}) {
    EXPECT_FALSE(witness->ran());
    EXPECT_TRUE(witness->destroyed());
  }
  EXPECT_EQ(executor.stats().tasks_completed, 0u);
}

TEST(BadInput, TimeSliceOfATask) {
  Executor executor({.processors = 1});
  for (const std::chrono::nanoseconds bad : {std::chrono::nanoseconds(1), std::chrono::nanoseconds(-1),
                                             std::chrono::nanoseconds(19'999), std::chrono::nanoseconds(10s) + 1ns}) {
    const TaskOptions options{.time_slice = bad};
    Witness executed, submitted, tried;
    for (const std::string& what : {
             thrown_by<std::invalid_argument>([&] { executor.execute(executed.callable(), options); }),
             thrown_by<std::invalid_argument>(
                 [&] { static_cast<void>(executor.submit(submitted.callable(), options)); }),
             thrown_by<std::invalid_argument>(
                 [&] { static_cast<void>(executor.try_execute(tried.callable(), options)); }),
         }) {
      expect_parts(what, {"time_slice = " + std::to_string(bad.count()) + "ns", "20us .. 10s"});
    }
    executor.drain();  // would wait for ever for a task that is counted but was never queued
    for (const Witness* witness : {&executed, &submitted, &tried}) {
      EXPECT_FALSE(witness->ran());
      EXPECT_TRUE(witness->destroyed());
    }
  }
  EXPECT_EQ(executor.stats().tasks_completed, 0u);
  for (const std::chrono::nanoseconds good : {0ns, 20'000ns, 10'000'000'000ns}) {
    EXPECT_EQ(executor.submit([] { return 7; }, {.time_slice = good}).get(), 7);
  }
}

TEST(BadInput, SetTimeSlice) {
  Executor executor({.processors = 1});
  for (const std::chrono::nanoseconds bad : {0ns, 1ns, 19'999ns, 10'000'000'001ns}) {
    expect_parts(thrown_by<std::invalid_argument>([&] { executor.set_time_slice(bad); }),
                 {"time_slice", std::to_string(bad.count()), "20us .. 10s"});
  }
  EXPECT_NE(thrown_by<std::invalid_argument>([&] { executor.set_time_slice(-1ms); }), "");
  EXPECT_NE(thrown_by<std::invalid_argument>([&] { executor.set_time_slice(std::chrono::nanoseconds::max()); }), "");
  for (const std::chrono::nanoseconds good : {20'000ns, 10'000'000'000ns})
    EXPECT_NO_THROW(executor.set_time_slice(good));
  EXPECT_EQ(executor.submit([] { return 7; }).get(), 7);
}

TEST(BadInput, DrainInATask) {
  Executor executor({.processors = 1});
  const auto drained = [&executor] { return thrown_by<std::logic_error>([&] { executor.drain(); }); };
  EXPECT_NE(executor.submit(drained).get(), "");
  // Of another executor it is a wait like any other.
  Executor other({.processors = 1});
  EXPECT_NO_THROW(other.submit([&executor] { executor.drain(); }).get());
}

TEST(BadInput, WrongExecutorBesideAGoodOne) {
  Executor good({.processors = 1});
  EXPECT_NE(thrown_by<std::invalid_argument>([] { Executor bad({.processors = -1}); }), "");
  EXPECT_EQ(good.submit([] { return 7; }).get(), 7);
}

}  // namespace
}  // namespace preempt
