// A migratable task is preempted at every instruction of code that keeps each kind of state live; after each preemption
// the whole register file and the red zone are as before, and the result is that of an undisturbed run.
#include <gtest/gtest.h>

#include <string>

#include "support/seed.h"
#include "support/step_corpus.h"
#include "support/stepped_run.h"

namespace preempt {
namespace {

using testing::Block;
using testing::Stepper;
using testing::TaskKind;

constexpr auto kAlways = [] { return true; };

struct Case {
  const char* name;
  testing::Kernel kernel;
  std::uint64_t least_steps;
  bool (*cpu_has)() = kAlways;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

const Case kCases[] = {
    {"integers", step_integers, 61},
    {"flags", step_flags, 177},
    {"red_zone", step_red_zone, 147},
    {"x87", step_x87, 40},
    {"sse", step_sse, 52},
    {"avx2", step_avx2, 46, [] { return __builtin_cpu_supports("avx2") != 0; }},
    {"avx512", step_avx512, 63, [] { return __builtin_cpu_supports("avx512bw") != 0; }},
    {"strings", step_strings, 189},
    {"frames", step_frames, 235},
    {"hash", testing::step_hash, 1000},
    {"numbers", testing::step_numbers, 400},
    {"copies", testing::step_copies, 50},
};

Block some_bytes() {
  Block block;
  testing::Random random(1);
  for (unsigned char& byte : block.bytes) byte = static_cast<unsigned char>(random.next());
  return block;
}

class EveryInstructionAsync : public ::testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    if (!GetParam().cpu_has()) GTEST_SKIP() << "this cpu has no " << GetParam().name;
  }

  static Stepper::Counts expect_undisturbed(int processors, TaskKind kind) {
    const Block in = some_bytes();
    Block undisturbed = in, stepped = in, out_undisturbed, out_stepped;
    GetParam().kernel(undisturbed, out_undisturbed);
    const Stepper::Counts counts = testing::stepped_run(
        {.processors = processors, .kind = kind},
        [&](Stepper& stepper, Executor&) { stepper.step([&] { GetParam().kernel(stepped, out_stepped); }); });
    EXPECT_EQ(out_stepped, out_undisturbed);
    EXPECT_EQ(stepped, undisturbed);
    EXPECT_GE(counts.marked_steps, GetParam().least_steps);
    EXPECT_EQ(counts.injected + counts.stopped, counts.steps);
    return counts;
  }
};

TEST_P(EveryInstructionAsync, OfAMigratableTask) {
  const Stepper::Counts counts = expect_undisturbed(1, TaskKind::kMigratable);
  EXPECT_EQ(counts.injected, counts.marked_steps);
}

TEST_P(EveryInstructionAsync, OfAMigratableTaskOnTwoProcessors) {
  const Stepper::Counts counts = expect_undisturbed(2, TaskKind::kMigratable);
  EXPECT_EQ(counts.injected, counts.marked_steps);
}

TEST_P(EveryInstructionAsync, OfAPinnedTask) {
  const Stepper::Counts counts = expect_undisturbed(1, TaskKind::kPinned);
  EXPECT_EQ(counts.stopped, counts.steps);
  EXPECT_EQ(counts.migrated, 0u);
}

INSTANTIATE_TEST_SUITE_P(EachCase, EveryInstructionAsync, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace preempt
