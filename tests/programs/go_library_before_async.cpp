// A Go library that was loaded before the executor: its runtime has a SIGURG handler of its own for its own preemption,
// which gets its signals through the executor's handler. Both preempt.
#include <gtest/gtest.h>
#include <signal.h>

#include <future>
#include <vector>

#include "preempt/executor.h"
#include "programs/go_library/go_library.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/scale.h"

namespace preempt {
namespace {

using testing::GoLibrary;
using testing::Hogs;
using testing::scaled;

constexpr int kRounds = 2'000'000;

TEST(GoLibraryBeforeAsync, BothPreempt) {
  if (!GoLibrary::is_built()) GTEST_SKIP() << "no go here";
  GoLibrary go;
  ASSERT_TRUE(go.load()) << dlerror();
  ASSERT_EQ(go.hash(10), testing::expected_hash(10));
  struct sigaction of_go = {};
  sigaction(SIGURG, nullptr, &of_go);
  ASSERT_NE(of_go.sa_handler, SIG_DFL) << "this Go does not preempt by SIGURG: the test tests nothing";

  const testing::LogLines log;
  {
    Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(200), .on_log = log.sink()});
    Hogs hogs(executor, 4);
    ASSERT_TRUE(hogs.all_begun());
    const std::uint64_t hash = testing::expected_hash(kRounds);
    std::vector<std::future<int>> wrong;
    for (int task = 0; task < 4; ++task) {
      wrong.push_back(executor.submit([&] {
        int result = 0;
        for (int i = 0; i < scaled(10); ++i) {
          result += go.hash(kRounds) != hash;
          result += go.hash_in_goroutines(3, kRounds) != 3 * hash;
          result += go.stops_a_loop() != 1;
        }
        return result;
      }));
    }
    for (auto& one : wrong) EXPECT_EQ(one.get(), 0);
    // Would not return if Go's own signals were lost in the executor's handler.
    for (int i = 0; i < scaled(20); ++i) EXPECT_EQ(go.stops_a_loop(), 1);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
    EXPECT_EQ(log.count("Options::signal"), 0) << log.text();
  }
  struct sigaction afterwards = {};
  sigaction(SIGURG, nullptr, &afterwards);
  EXPECT_EQ(reinterpret_cast<void*>(afterwards.sa_sigaction), reinterpret_cast<void*>(of_go.sa_sigaction));
  EXPECT_EQ(go.stops_a_loop(), 1);
}

}  // namespace
}  // namespace preempt
