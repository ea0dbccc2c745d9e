#include "preempt/options.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "core/options_check.h"
#include "os/cpus.h"
#include "support/refused.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::expect_refused;

template <class Value>
Options with(Value Options::*field, Value value) {
  Options options;
  options.*field = value;
  return options;
}

TEST(Validate, DefaultsAreGood) { EXPECT_TRUE(Options{}.validate().ok()); }

TEST(Validate, Processors) {
  for (const int good : {0, 1, 2, 512}) EXPECT_TRUE(with(&Options::processors, good).validate().ok()) << good;
  EXPECT_TRUE((Options{.processors = 1024, .max_threads = 1024}).validate().ok());
  for (const int bad : {-1, 1025, std::numeric_limits<int>::min(), std::numeric_limits<int>::max()}) {
    expect_refused(with(&Options::processors, bad).validate(),
                   {"Options::processors = " + std::to_string(bad) + ":", "1 .. 1024, or 0"});
  }
}

TEST(Validate, TimeSlice) {
  for (const std::chrono::nanoseconds good : {20'000ns, 20'001ns, 1'000'000ns, 9'999'999'999ns, 10'000'000'000ns}) {
    EXPECT_TRUE(with(&Options::time_slice, good).validate().ok()) << good.count();
  }
  struct Bad {
    std::chrono::nanoseconds slice;
    std::string shown;
  };
  for (const Bad& bad : {Bad{19'999ns, "19999ns"}, Bad{1ns, "1ns"}, Bad{0ns, "0s"}, Bad{-1ms, "-1ms"},
                         Bad{10'000'000'001ns, "10000000001ns"}, Bad{11s, "11s"}}) {
    expect_refused(with(&Options::time_slice, bad.slice).validate(),
                   {"Options::time_slice = " + bad.shown + ":", "20us .. 10s"});
  }
  EXPECT_FALSE(with(&Options::time_slice, std::chrono::nanoseconds::max()).validate().ok());
  EXPECT_FALSE(with(&Options::time_slice, std::chrono::nanoseconds::min()).validate().ok());
}

TEST(Validate, Preemption) {
  for (const Preemption good :
       {Preemption::kNone, Preemption::kCheckpoints, Preemption::kSignalSafe, Preemption::kEverywhere}) {
    EXPECT_TRUE(with(&Options::preemption, good).validate().ok());
  }
  for (const int bad : {-1, 4}) {
    expect_refused(
        with(&Options::preemption, static_cast<Preemption>(bad)).validate(),
        {"Options::preemption = " + std::to_string(bad) + ":", "none, checkpoints, signal_safe or everywhere"});
  }
}

TEST(Validate, MaxThreads) {
  for (const int good : {1, 2, 999'999, 1'000'000}) {
    EXPECT_TRUE(with(&Options::max_threads, good).validate().ok()) << good;
  }
  for (const int bad : {0, -1, 1'000'001, std::numeric_limits<int>::max()}) {
    expect_refused(with(&Options::max_threads, bad).validate(),
                   {"Options::max_threads = " + std::to_string(bad) + ":", "1 .. 1000000"});
  }
}

TEST(Validate, MaxThreadsIsAtLeastProcessors) {
  EXPECT_TRUE((Options{.processors = 8, .max_threads = 8}).validate().ok());
  expect_refused(Options{.processors = 8, .max_threads = 7}.validate(),
                 {"Options::max_threads = 7:", "8 .. 1000000", "processors"});
  // A wrong number of processors is told first: it is what the range of max_threads comes from.
  expect_refused(Options{.processors = 2000, .max_threads = 7}.validate(), {"Options::processors = 2000:"});
}

TEST(Validate, StackSize) {
  for (const std::size_t good : {0ul, 65'536ul, 65'537ul, 1ul << 23, (1ul << 30) - 1, 1ul << 30}) {
    EXPECT_TRUE(with(&Options::stack_size, good).validate().ok()) << good;
  }
  for (const std::size_t bad : {1ul, 65'535ul, (1ul << 30) + 1, std::numeric_limits<std::size_t>::max()}) {
    expect_refused(with(&Options::stack_size, bad).validate(),
                   {"Options::stack_size = " + std::to_string(bad) + ":", "65536", "1073741824 (1G) bytes, or 0"});
  }
}

TEST(Validate, QueueCapacity) {
  for (const std::size_t good : {std::size_t{0}, std::size_t{1}, std::numeric_limits<std::size_t>::max()}) {
    EXPECT_TRUE(with(&Options::queue_capacity, good).validate().ok()) << good;
  }
}

TEST(Validate, Signal) {
  const std::vector<int> refused = {SIGILL,  SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGKILL,
                                    SIGSEGV, SIGSTOP, SIGSYS,  32,     33};
  for (int signal = 1; signal <= 64; ++signal) {
    const bool good = std::find(refused.begin(), refused.end(), signal) == refused.end();
    EXPECT_EQ(with(&Options::signal, signal).validate().ok(), good) << signal;
  }
  for (const int bad : {-1, 0, 65, SIGKILL, SIGSTOP, SIGSEGV, 32, 33}) {
    expect_refused(with(&Options::signal, bad).validate(),
                   {"Options::signal = " + std::to_string(bad) + ":", "1 .. 64",
                    "ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, STOP, SYS, 32, 33"});
  }
}

TEST(Validate, SliceGrowth) {
  for (const int good : {1, 2, 15, 16}) EXPECT_TRUE(with(&Options::slice_growth, good).validate().ok()) << good;
  for (const int bad : {-1, 0, 17}) {
    expect_refused(with(&Options::slice_growth, bad).validate(),
                   {"Options::slice_growth = " + std::to_string(bad) + ":", "1 .. 16"});
  }
}

TEST(Validate, FieldsWithoutARange) {
  for (const std::string& name : {std::string(), std::string(1000, 'x')}) {
    EXPECT_TRUE(with(&Options::name, name).validate().ok());
  }
  EXPECT_TRUE(with(&Options::migratable, true).validate().ok());
}

TEST(ValidateTimeSlice, NamesTheFieldThatItIsGiven) {
  EXPECT_TRUE(core::validate_time_slice(20us, "anything").ok());
  EXPECT_TRUE(core::validate_time_slice(10s, "anything").ok());
  for (const std::chrono::nanoseconds bad : {std::chrono::nanoseconds(19'999), std::chrono::nanoseconds(-20us),
                                             std::chrono::nanoseconds(0), std::chrono::nanoseconds(10s) + 1ns}) {
    expect_refused(core::validate_time_slice(bad, "TaskOptions::time_slice"),
                   {"TaskOptions::time_slice = ", "20us .. 10s"});
  }
  // A view that no zero ends.
  const std::string_view field = std::string_view("time_slice and more").substr(0, 10);
  EXPECT_EQ(core::validate_time_slice(1ns, field).message(), "time_slice = 1ns: allowed is 20us .. 10s");
}

TEST(ResolveProcessors, TheNumberThatIsGiven) {
  for (const int processors : {1, 3, 512}) {
    EXPECT_EQ(core::resolve_processors(with(&Options::processors, processors)), processors);
  }
}

TEST(ResolveProcessors, ZeroIsTheCpusOfThisProcess) {
  EXPECT_EQ(core::resolve_processors({}), std::min(os::usable_cpus(), 512));
}

TEST(ResolveProcessors, ZeroIsAtMostMaxThreads) { EXPECT_EQ(core::resolve_processors(Options{.max_threads = 1}), 1); }

TEST(ResolveStackSize, IsRoundedUpToPages) {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t even = 64 * page;
  EXPECT_EQ(core::resolve_stack_size(with(&Options::stack_size, even)), even);
  EXPECT_EQ(core::resolve_stack_size(with(&Options::stack_size, even + 1)), even + page);
  EXPECT_EQ(core::resolve_stack_size(with(&Options::stack_size, even + page - 1)), even + page);
}

// Sets what a pthread gets by default, and puts it back.
class DefaultStack : public ::testing::Test {
 protected:
  DefaultStack() {
    pthread_getattr_default_np(&before_);
    getrlimit(RLIMIT_STACK, &limit_);
  }
  ~DefaultStack() override {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
    setrlimit(RLIMIT_STACK, &limit_);
  }

  void set_pthread_default(std::size_t size) {
    pthread_attr_t attributes;
    ASSERT_EQ(pthread_attr_init(&attributes), 0);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, size), 0);
    ASSERT_EQ(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
  }

  // False when the hard limit forbids it.
  bool set_limit(rlim_t limit) {
    const rlimit wanted = {limit, limit_.rlim_max};
    return setrlimit(RLIMIT_STACK, &wanted) == 0;
  }

 private:
  pthread_attr_t before_;
  rlimit limit_;
};

TEST_F(DefaultStack, ZeroIsThatOfAPthread) {
  if (!set_limit(4 << 20)) GTEST_SKIP() << "the stack limit cannot be changed here";
  set_pthread_default(3 << 20);
  EXPECT_EQ(core::resolve_stack_size({}), std::size_t{3} << 20);
}

TEST_F(DefaultStack, UnlimitedIsEightMiB) {
  if (!set_limit(RLIM_INFINITY)) GTEST_SKIP() << "the stack limit cannot be raised here";
  set_pthread_default(2 << 20);  // what glibc takes for an unlimited stack at the start of a program
  EXPECT_EQ(core::resolve_stack_size({}), std::size_t{8} << 20);
}

TEST_F(DefaultStack, StaysInTheRangeOfTheOption) {
  if (!set_limit(4 << 20)) GTEST_SKIP() << "the stack limit cannot be changed here";
  set_pthread_default(std::size_t{4} << 30);
  EXPECT_EQ(core::resolve_stack_size({}), std::size_t{1} << 30);
  set_pthread_default(32 << 10);
  EXPECT_EQ(core::resolve_stack_size({}), std::size_t{64} << 10);
}

}  // namespace
}  // namespace preempt
