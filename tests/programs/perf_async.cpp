// perf samples a program whose tasks displace each other all the time, with call graphs: the program does what it does
// without, and the tasks' functions are seen.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <string_view>

#include "preempt/executor.h"
#include "preempt/signal_safe.h"
#include "support/command.h"

namespace preempt {

// Found by their names in perf's output.
PREEMPT_SIGNAL_SAFE std::uint64_t marked_task_that_perf_finds(std::uint64_t hash) {
  for (std::uint64_t i = 0; i < 2'000'000; ++i) hash = (hash ^ i) * 0x100000001b3;
  return hash;
}
[[gnu::noinline]] std::uint64_t plain_task_that_perf_finds(std::uint64_t hash) {
  for (std::uint64_t i = 0; i < 2'000'000; ++i) hash = (hash + i) * 0x100000001b3;
  return hash;
}

namespace {

// What perf runs; fails when a result is wrong or hardly anything was preempted.
int be_sampled() {
  const std::uint64_t marked = marked_task_that_perf_finds(1), plain = plain_task_that_perf_finds(1);
  std::atomic<int> wrong = 0;
  Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100), .slice_growth = 1});
  for (int i = 0; i < 100; ++i) {
    executor.execute([&] { wrong += marked_task_that_perf_finds(1) != marked; }, {.migratable = true});
    executor.execute([&] { wrong += plain_task_that_perf_finds(1) != plain; });
  }
  executor.drain();
  const Stats stats = executor.stats();
  return wrong != 0 || stats.fiber_preemptions < 100 || stats.thread_preemptions < 100;
}

class PerfAsync : public ::testing::Test {
 protected:
  void SetUp() override {
    close(mkstemp(data_.data()));
    if (std::system(("perf record -e cpu-clock -g -o " + data_ + " true >/dev/null 2>&1").c_str()) != 0) {
      GTEST_SKIP() << "no perf here, or it is not permitted";
    }
  }
  void TearDown() override { std::remove(data_.c_str()); }

  std::string data_ = "/tmp/preempt_perf_XXXXXX";
};

TEST_F(PerfAsync, RecordsCallGraphs) {
  const std::string record = "perf record -e cpu-clock -F 4000 -g -o " + data_ + " " + testing::own_path();
  ASSERT_EQ(std::system((record + " --be-sampled >/dev/null 2>&1").c_str()), 0);
  const std::string samples = testing::output_of("perf script --no-inline -F ip,sym -i " + data_ + " 2>/dev/null");
  const int marked = testing::count_of("marked_task_that_perf_finds", samples);
  const int plain = testing::count_of("plain_task_that_perf_finds", samples);
  std::printf("  %d and %d samples in the tasks\n", marked, plain);
  EXPECT_GT(marked, 10);
  EXPECT_GT(plain, 10);
}

}  // namespace
}  // namespace preempt

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--be-sampled") return preempt::be_sampled();
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
