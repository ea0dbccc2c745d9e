// Every register is the same after a preemption as before: tasks with different values in them displace each other.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <iterator>
#include <string>

#include "preempt/executor.h"
#include "support/register_loops.h"
#include "support/scale.h"
#include "support/seed.h"

namespace preempt {
namespace {

using testing::scaled;

struct RegisterClass {
  const char* name;
  bool (*keeps)(std::uint64_t seed);
  bool (*cpu_has)();
};

constexpr auto kAlways = [] { return true; };
const RegisterClass kClasses[] = {
    {"integers", testing::keeps_integers, kAlways},
    {"flags", testing::keeps_flags, kAlways},
    {"red_zone", testing::keeps_red_zone, kAlways},
    {"x87", testing::keeps_x87, kAlways},
    {"mxcsr", testing::keeps_mxcsr, kAlways},
    {"xmm", testing::keeps_xmm, kAlways},
    {"ymm", testing::keeps_ymm, [] { return __builtin_cpu_supports("avx") != 0; }},
    {"zmm", testing::keeps_zmm, [] { return __builtin_cpu_supports("avx512f") != 0; }},
    {"masks", testing::keeps_masks, [] { return __builtin_cpu_supports("avx512bw") != 0; }},
};

enum class Kind { kMigratable, kPinned };

std::uint64_t preemptions(const Executor& executor, Kind kind) {
  const Stats stats = executor.stats();
  return kind == Kind::kMigratable ? stats.fiber_preemptions : stats.thread_preemptions;
}

struct Found {
  std::uint64_t preemptions = 0;
  int not_kept = 0;
  int modes_not_default = 0;
};

// Runs `keeps(seed)` in batches of tasks until `wanted` preemptions of the kind happened, or for 20 s.
template <class Keeps>
Found run(Kind kind, std::uint64_t wanted, Keeps keeps) {
  std::atomic<int> not_kept = 0, modes_not_default = 0;
  Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(50), .slice_growth = 1});
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::uint64_t seed = 0;
  while (preemptions(executor, kind) < wanted && std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 32; ++i, ++seed) {
      executor.execute(
          [&, seed] {
            if (!testing::floating_point_modes_are_default()) ++modes_not_default;
            for (std::uint64_t turn = 0; turn < 5; ++turn) {
              if (!keeps(seed * 5 + turn)) ++not_kept;
            }
          },
          {.migratable = kind == Kind::kMigratable});
    }
    executor.drain();
  }
  return {preemptions(executor, kind), not_kept, modes_not_default};
}

class RegistersAsync : public ::testing::TestWithParam<RegisterClass> {
 protected:
  void expect_kept(Kind kind) {
    if (!GetParam().cpu_has()) GTEST_SKIP() << "this cpu has no " << GetParam().name;
    const auto wanted = static_cast<std::uint64_t>(scaled(1000));
    const Found found = run(kind, wanted, GetParam().keeps);
    EXPECT_GE(found.preemptions, wanted) << "the test did not reach what it is about";
    EXPECT_EQ(found.not_kept, 0);
    EXPECT_EQ(found.modes_not_default, 0);
  }
};

TEST_P(RegistersAsync, MigratableTasksKeep) { expect_kept(Kind::kMigratable); }

TEST_P(RegistersAsync, PinnedTasksKeep) { expect_kept(Kind::kPinned); }

INSTANTIATE_TEST_SUITE_P(EachClass, RegistersAsync, ::testing::ValuesIn(kClasses),
                         [](const auto& info) { return std::string(info.param.name); });

// What one class leaves behind in the others is not what the next task finds.
TEST(RegistersMixedAsync, ClassesDoNotDisturbEachOther) {
  const auto keeps_one = [](std::uint64_t seed) {
    const RegisterClass& any = kClasses[testing::Random(seed).below(std::size(kClasses))];
    return !any.cpu_has() || any.keeps(seed);
  };
  for (const Kind kind : {Kind::kMigratable, Kind::kPinned}) {
    const auto wanted = static_cast<std::uint64_t>(scaled(2000));
    const Found found = run(kind, wanted, keeps_one);
    EXPECT_GE(found.preemptions, wanted);
    EXPECT_EQ(found.not_kept, 0);
    EXPECT_EQ(found.modes_not_default, 0);
  }
}

}  // namespace
}  // namespace preempt
