#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "preempt/options.h"
#include "support/refused.h"

namespace preempt {
namespace {

using namespace std::chrono_literals;
using testing::expect_refused;

constexpr const char* kVariables[] = {
    "PREEMPT_PROCESSORS",     "PREEMPT_TIME_SLICE", "PREEMPT_PREEMPTION", "PREEMPT_MAX_THREADS",  "PREEMPT_STACK_SIZE",
    "PREEMPT_QUEUE_CAPACITY", "PREEMPT_SIGNAL",     "PREEMPT_NAME",       "PREEMPT_SLICE_GROWTH", "PREEMPT_MIGRATABLE"};

// The environment of the caller must not decide.
class FromEnv : public ::testing::Test {
 protected:
  FromEnv() { clear(); }
  ~FromEnv() override { clear(); }

 private:
  static void clear() {
    for (const char* variable : kVariables) unsetenv(variable);
  }
};

TEST_F(FromEnv, EmptyEnvironmentGivesTheBase) {
  const Options base{.processors = 3,
                     .time_slice = 5ms,
                     .preemption = Preemption::kCheckpoints,
                     .max_threads = 9,
                     .stack_size = 1 << 20,
                     .queue_capacity = 77,
                     .signal = SIGUSR2,
                     .name = "base",
                     .on_exception = [](std::exception_ptr) {},
                     .slice_growth = 2,
                     .on_thread_start = [] {},
                     .on_thread_stop = [] {},
                     .on_log = [](std::string_view) {},
                     .migratable = true};
  const absl::StatusOr<Options> got = Options::from_env(base);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->processors, 3);
  EXPECT_EQ(got->time_slice, 5ms);
  EXPECT_EQ(got->preemption, Preemption::kCheckpoints);
  EXPECT_EQ(got->max_threads, 9);
  EXPECT_EQ(got->stack_size, std::size_t{1} << 20);
  EXPECT_EQ(got->queue_capacity, 77u);
  EXPECT_EQ(got->signal, SIGUSR2);
  EXPECT_EQ(got->name, "base");
  EXPECT_TRUE(got->on_exception && got->on_thread_start && got->on_thread_stop && got->on_log);
  EXPECT_EQ(got->slice_growth, 2);
  EXPECT_TRUE(got->migratable);
}

// What the environment can change, as text.
std::map<std::string, std::string> values(const Options& options) {
  return {{"PREEMPT_PROCESSORS", std::to_string(options.processors)},
          {"PREEMPT_TIME_SLICE", std::to_string(options.time_slice.count())},
          {"PREEMPT_PREEMPTION", std::to_string(static_cast<int>(options.preemption))},
          {"PREEMPT_MAX_THREADS", std::to_string(options.max_threads)},
          {"PREEMPT_STACK_SIZE", std::to_string(options.stack_size)},
          {"PREEMPT_QUEUE_CAPACITY", std::to_string(options.queue_capacity)},
          {"PREEMPT_SIGNAL", std::to_string(options.signal)},
          {"PREEMPT_NAME", options.name},
          {"PREEMPT_SLICE_GROWTH", std::to_string(options.slice_growth)},
          {"PREEMPT_MIGRATABLE", std::to_string(options.migratable)}};
}

// A base whose fields differ from what the good cases set. Room for 1024 processors.
Options unusual_base() {
  return Options{.processors = 6,
                 .time_slice = 3ms,
                 .preemption = static_cast<Preemption>(2),
                 .max_threads = 2000,
                 .stack_size = 96 << 10,
                 .queue_capacity = 3,
                 .signal = SIGUSR1,
                 .name = "base",
                 .slice_growth = 3};
}

struct Good {
  const char* variable;
  const char* text;
  const char* value;
};

const Good kGood[] = {
    {"PREEMPT_PROCESSORS", "0", "0"},
    {"PREEMPT_PROCESSORS", "1", "1"},
    {"PREEMPT_PROCESSORS", "1024", "1024"},
    {"PREEMPT_TIME_SLICE", "20us", "20000"},
    {"PREEMPT_TIME_SLICE", "20000ns", "20000"},
    {"PREEMPT_TIME_SLICE", "500us", "500000"},
    {"PREEMPT_TIME_SLICE", "1ms", "1000000"},
    {"PREEMPT_TIME_SLICE", "1500us", "1500000"},
    {"PREEMPT_TIME_SLICE", "2s", "2000000000"},
    {"PREEMPT_TIME_SLICE", "10s", "10000000000"},
    {"PREEMPT_PREEMPTION", "none", "0"},
    {"PREEMPT_PREEMPTION", "checkpoints", "1"},
    {"PREEMPT_PREEMPTION", "signal_safe", "2"},
    {"PREEMPT_PREEMPTION", "everywhere", "3"},
    {"PREEMPT_MAX_THREADS", "6", "6"},
    {"PREEMPT_MAX_THREADS", "1000000", "1000000"},
    {"PREEMPT_STACK_SIZE", "0", "0"},
    {"PREEMPT_STACK_SIZE", "65536", "65536"},
    {"PREEMPT_STACK_SIZE", "64K", "65536"},
    {"PREEMPT_STACK_SIZE", "8M", "8388608"},
    {"PREEMPT_STACK_SIZE", "1G", "1073741824"},
    {"PREEMPT_QUEUE_CAPACITY", "0", "0"},
    {"PREEMPT_QUEUE_CAPACITY", "1", "1"},
    {"PREEMPT_QUEUE_CAPACITY", "10K", "10240"},
    {"PREEMPT_QUEUE_CAPACITY", "18446744073709551615", "18446744073709551615"},
    {"PREEMPT_QUEUE_CAPACITY", "17179869183G", "18446744072635809792"},
    {"PREEMPT_SIGNAL", "URG", "23"},
    {"PREEMPT_SIGNAL", "SIGURG", "23"},
    {"PREEMPT_SIGNAL", "23", "23"},
    {"PREEMPT_SIGNAL", "USR2", "12"},
    {"PREEMPT_SIGNAL", "SIGIO", "29"},
    {"PREEMPT_SIGNAL", "POLL", "29"},
    {"PREEMPT_SIGNAL", "1", "1"},
    {"PREEMPT_SIGNAL", "34", "34"},
    {"PREEMPT_SIGNAL", "64", "64"},
    {"PREEMPT_NAME", "", ""},
    {"PREEMPT_NAME", "a name, with = and longer than 15", "a name, with = and longer than 15"},
    {"PREEMPT_SLICE_GROWTH", "1", "1"},
    {"PREEMPT_SLICE_GROWTH", "16", "16"},
    {"PREEMPT_MIGRATABLE", "1", "1"},
    {"PREEMPT_MIGRATABLE", "true", "1"},
    {"PREEMPT_MIGRATABLE", "0", "0"},
    {"PREEMPT_MIGRATABLE", "false", "0"},
};

TEST_F(FromEnv, GoodValuesSetTheirFieldAndNoOther) {
  for (const Good& good : kGood) {
    Options base = unusual_base();
    if (base.preemption == static_cast<Preemption>(std::atoi(good.value))) base.preemption = Preemption::kNone;
    base.migratable = good.value == std::string("0");
    std::map<std::string, std::string> expected = values(base);
    expected.at(good.variable) = good.value;

    ASSERT_EQ(setenv(good.variable, good.text, 1), 0);
    const absl::StatusOr<Options> got = Options::from_env(base);
    unsetenv(good.variable);
    ASSERT_TRUE(got.ok()) << got.status();
    EXPECT_EQ(values(*got), expected) << good.variable << '=' << good.text;
  }
}

TEST_F(FromEnv, EveryVariableHasAGoodCase) {
  for (const char* variable : kVariables) {
    EXPECT_TRUE(std::any_of(std::begin(kGood), std::end(kGood), [&](const Good& good) {
      return std::string(good.variable) == variable;
    })) << variable;
  }
}

// The range that the message of a variable must have, and values that it refuses.
struct Bad {
  const char* variable;
  const char* range;
  std::vector<const char*> texts;
};

TEST_F(FromEnv, BadValuesAreToldWithVariableValueAndRange) {
  const Bad cases[] = {
      {"PREEMPT_PROCESSORS", "1 .. 1024, or 0", {"", "-1", "1025", "2.5", "two", "0x2", "2K", "99999999999999999999"}},
      {"PREEMPT_TIME_SLICE",
       "20us .. 10s",
       {"", "0", "1ns", "19999ns", "10000000001ns", "11s", "-1ms", "-20000s", "1.5ms", "1e3us", "inf", "1000", "ms",
        "s", "1m", "1h", "1ms?", "soon",
        // 2^64 + 2^32 and 2^63 + 20 us in nanoseconds: must not wrap into the range.
        "18446744078004518912ns", "18446744078004519us", "9223372036854795808ns"}},
      {"PREEMPT_PREEMPTION",
       "none, checkpoints, signal_safe or everywhere",
       {"", "None", "kNone", "sometimes", "everywhere ", "checkpoint", "3"}},
      {"PREEMPT_MAX_THREADS", "6 .. 1000000", {"", "-1", "0", "5", "1000001", "many", "1K"}},
      {"PREEMPT_STACK_SIZE",
       "65536 (64K) .. 1073741824 (1G) bytes, or 0",
       {"", "1", "65535", "63K", "1073741825", "2G", "-65536", "64k", "64KB", "K", "big",
        // 2^64 and, after the shift, 2^64 + 65536: must not wrap into the range.
        "18446744073709551616", "17179869184G", "18014398509482048K"}},
      {"PREEMPT_QUEUE_CAPACITY",
       "1 .. 18446744073709551615 tasks, or 0",
       {"", "-1", "18446744073709551616", "17179869184G", "10T", "1KK", "unbounded"}},
      {"PREEMPT_SIGNAL",
       "1 .. 64 but none of ILL, TRAP, ABRT, BUS, FPE, KILL, SEGV, STOP, SYS, 32, 33",
       {"",     "-1",  "0",    "65", "9",  "KILL", "SIGKILL", "SIGSTOP",   "SEGV", "BUS",    "FPE",  "ILL",
        "TRAP", "SYS", "ABRT", "32", "33", "SIG",  "SIG23",   "SIGSIGURG", "urg",  "URGENT", "RTMIN"}},
      {"PREEMPT_SLICE_GROWTH", "1 .. 16", {"", "0", "17", "-4", "4x", "four"}},
      {"PREEMPT_MIGRATABLE", "0, 1, true or false", {"", "2", "yes", "True", "TRUE", "on", "-1"}},
  };
  for (const Bad& bad : cases) {
    for (const char* text : bad.texts) {
      ASSERT_EQ(setenv(bad.variable, text, 1), 0);
      const absl::Status status = Options::from_env(unusual_base()).status();
      unsetenv(bad.variable);
      expect_refused(status, {std::string(bad.variable) + "=" + text + ": allowed is ", bad.range});
    }
  }
}

TEST_F(FromEnv, ValueIsEscapedInTheMessage) {
  setenv("PREEMPT_PROCESSORS", "1\n\x1b[31m", 1);
  expect_refused(Options::from_env({}).status(), {"PREEMPT_PROCESSORS=1\\n\\033[31m: "});
}

TEST_F(FromEnv, UnknownNamesAreIgnored) {
  const char* unknown[] = {"PREEMPT_",       "PREEMPT_PROCESSOR", "PREEMPT_processors",
                           "PREEMPT_ON_LOG", "PREEMPT_NO_SUCH",   "PROCESSORS"};
  for (const char* name : unknown) setenv(name, "-1", 1);
  const absl::StatusOr<Options> got = Options::from_env(unusual_base());
  for (const char* name : unknown) unsetenv(name);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(values(*got), values(unusual_base()));
}

TEST_F(FromEnv, AllVariablesTogether) {
  setenv("PREEMPT_PROCESSORS", "1000", 1);  // more than the base's max_threads, read before the environment's
  setenv("PREEMPT_TIME_SLICE", "250us", 1);
  setenv("PREEMPT_PREEMPTION", "checkpoints", 1);
  setenv("PREEMPT_MAX_THREADS", "4000", 1);
  setenv("PREEMPT_STACK_SIZE", "256K", 1);
  setenv("PREEMPT_QUEUE_CAPACITY", "1M", 1);
  setenv("PREEMPT_SIGNAL", "PROF", 1);
  setenv("PREEMPT_NAME", "service", 1);
  setenv("PREEMPT_SLICE_GROWTH", "8", 1);
  setenv("PREEMPT_MIGRATABLE", "true", 1);
  const absl::StatusOr<Options> got = Options::from_env({});
  ASSERT_TRUE(got.ok()) << got.status();
  const Options expected{.processors = 1000,
                         .time_slice = 250us,
                         .preemption = Preemption::kCheckpoints,
                         .max_threads = 4000,
                         .stack_size = 256 << 10,
                         .queue_capacity = 1 << 20,
                         .signal = SIGPROF,
                         .name = "service",
                         .slice_growth = 8,
                         .migratable = true};
  EXPECT_EQ(values(*got), values(expected));
}

TEST_F(FromEnv, WinsOverAWrongBase) {
  Options base;
  base.processors = -1;
  setenv("PREEMPT_PROCESSORS", "2", 1);
  const absl::StatusOr<Options> got = Options::from_env(base);
  ASSERT_TRUE(got.ok()) << got.status();
  EXPECT_EQ(got->processors, 2);
}

TEST_F(FromEnv, TellsAWrongBaseByItsField) {
  Options base;
  base.slice_growth = 99;
  setenv("PREEMPT_PROCESSORS", "2", 1);
  expect_refused(Options::from_env(base).status(), {"Options::slice_growth = 99:", "1 .. 16"});
}

TEST_F(FromEnv, MoreProcessorsThanThreads) {
  Options base;
  base.max_threads = 4;
  setenv("PREEMPT_PROCESSORS", "8", 1);
  expect_refused(Options::from_env(base).status(), {"Options::max_threads = 4:", "8 .. 1000000", "processors"});
  setenv("PREEMPT_MAX_THREADS", "7", 1);
  expect_refused(Options::from_env(base).status(), {"PREEMPT_MAX_THREADS=7:", "8 .. 1000000", "processors"});
}

// Runs this test again as a set-user-id program, where a bad value must not be looked at.
TEST_F(FromEnv, SetUserIdProgramIgnoresItsEnvironment) {
  constexpr int kPassed = 40, kFailed = 41, kNotSecure = 42;
  if (std::getenv("OPTIONS_TEST_SECURE_CHILD") != nullptr) {
    if (getauxval(AT_SECURE) == 0) _exit(kNotSecure);
    setenv("PREEMPT_PROCESSORS", "no number", 1);
    const absl::StatusOr<Options> got = Options::from_env(unusual_base());
    _exit(got.ok() && got->processors == unusual_base().processors ? kPassed : kFailed);
  }
  constexpr uid_t kOther = 65534;
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a program of another user";
  char folder[] = "/tmp/options_test_XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  const std::string program = std::string(folder) + "/program";
  std::filesystem::copy_file("/proc/self/exe", program);
  const bool made = chmod(folder, 0755) == 0 && chown(program.c_str(), kOther, kOther) == 0 &&
                    chmod(program.c_str(), S_ISUID | 0755) == 0;
  int status = 0;
  if (made) {
    const std::string filter =
        std::string("--gtest_filter=FromEnv.") + ::testing::UnitTest::GetInstance()->current_test_info()->name();
    const pid_t child = fork();
    if (child == 0) {
      setenv("OPTIONS_TEST_SECURE_CHILD", "1", 1);
      unsetenv("GTEST_OUTPUT");
      execl(program.c_str(), program.c_str(), filter.c_str(), static_cast<char*>(nullptr));
      _exit(127);
    }
    waitpid(child, &status, 0);
  }
  std::filesystem::remove_all(folder);
  if (!made) GTEST_SKIP() << "no file of another user can be made here";
  ASSERT_TRUE(WIFEXITED(status)) << status;
  if (WEXITSTATUS(status) == kNotSecure) GTEST_SKIP() << "/tmp is mounted nosuid";
  if (WEXITSTATUS(status) == 127) GTEST_SKIP() << "the copy does not start: its libraries are not for other users";
  EXPECT_EQ(WEXITSTATUS(status), kPassed);
}

}  // namespace
}  // namespace preempt
