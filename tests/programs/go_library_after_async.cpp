// A Go library that is loaded while the executor runs puts its SIGURG handler over the executor's and does not forward.
// The executor says so, once, and preempts at checkpoints; one with another signal is not touched.
#include <gtest/gtest.h>
#include <signal.h>

#include <atomic>
#include <future>
#include <vector>

#include "preempt/executor.h"
#include "programs/go_library/go_library.h"
#include "support/hogs.h"
#include "support/log_lines.h"
#include "support/scale.h"

namespace preempt {
namespace {

using testing::eventually;
using testing::GoLibrary;
using testing::Hogs;
using testing::LogLines;
using testing::scaled;

constexpr int kRounds = 2'000'000;

Options short_slices(int signal, const LogLines& log) {
  return {.processors = 1, .time_slice = std::chrono::microseconds(200), .signal = signal, .on_log = log.sink()};
}

// How many answers of Go were wrong.
int compute_in_go(const GoLibrary& go) {
  const std::uint64_t hash = testing::expected_hash(kRounds);
  int wrong = 0;
  for (int i = 0; i < scaled(10); ++i) {
    wrong += go.hash(kRounds) != hash;
    wrong += go.hash_in_goroutines(3, kRounds) != 3 * hash;
    wrong += go.stops_a_loop() != 1;
  }
  return wrong;
}

// Loading cannot be undone, so this is one test.
TEST(GoLibraryAfterAsync, IsNoticedAndDoesNoHarm) {
  if (!GoLibrary::is_built()) GTEST_SKIP() << "no go here";
  const LogLines log_of_urg, log_of_usr2;
  Executor urg(short_slices(SIGURG, log_of_urg));
  Executor usr2(short_slices(SIGUSR2, log_of_usr2));
  Hogs hogs_of_usr2(usr2, 2);
  GoLibrary go;
  {
    Hogs hogs_of_urg(urg, 3);
    ASSERT_TRUE(testing::more_thread_preemptions(urg, 20));
    ASSERT_TRUE(testing::more_thread_preemptions(usr2, 20));
    ASSERT_TRUE(go.load()) << dlerror();
    EXPECT_EQ(go.hash(10), testing::expected_hash(10));
    EXPECT_TRUE(eventually([&] { return log_of_urg.count("Options::signal") > 0; }));
    EXPECT_GT(urg.stats().verdict(Verdict::kUnanswered), 0u);
  }
  urg.drain();

  // Go works in tasks of both; the second one still preempts anywhere.
  auto wrong_in_urg = urg.submit([&] { return compute_in_go(go); });
  auto wrong_in_usr2 = usr2.submit([&] { return compute_in_go(go); });
  EXPECT_EQ(wrong_in_urg.get(), 0);
  EXPECT_EQ(wrong_in_usr2.get(), 0);
  EXPECT_TRUE(testing::more_thread_preemptions(usr2, 50));
  EXPECT_EQ(log_of_usr2.count("Options::signal"), 0) << log_of_usr2.text();

  // The first one does so at checkpoints.
  std::atomic<bool> second_ran = false;
  auto seen = urg.submit([&] {
    urg.execute([&] { second_ran = true; });
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!second_ran && std::chrono::steady_clock::now() < end) PREEMPT_CHECKPOINT();
    return second_ran.load();
  });
  EXPECT_TRUE(seen.get());
  urg.drain();
  EXPECT_EQ(log_of_urg.count("Options::signal"), 1) << log_of_urg.text();
}

}  // namespace
}  // namespace preempt
