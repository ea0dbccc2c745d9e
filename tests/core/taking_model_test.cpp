// The protocol of the claimed/taken word, in every interleaving that x86-64 allows. The checker is tried on protocols
// with a flaw, too: one that finds nothing proves nothing.
#include "support/taking_model.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <ostream>

#include "support/model_checker.h"
#include "support/scale.h"

namespace preempt::testing {
namespace {

struct Machine {
  int workers, processors, stores;
};
void PrintTo(const Machine& machine, std::ostream* out) {
  *out << machine.workers << " workers on " << machine.processors << " processors, " << machine.stores
       << " stores in a buffer";
}

Exploration explore(const Machine& machine, Protocol protocol) {
  const TakingModel model(machine.workers, machine.processors, machine.stores, protocol);
  return ModelChecker(model).explore();
}

void print(const Exploration& exploration) {
  std::printf("%zu states, %zu steps\n", exploration.states, exploration.steps);
  if (exploration.violation.empty()) return;
  std::printf("%s, after\n", exploration.violation.c_str());
  for (const std::string& step : exploration.trace) std::printf("  %s\n", step.c_str());
}

class TakingProtocol : public ::testing::TestWithParam<Machine> {};

// A million states and more take a sanitizer minutes: in a run that is not scaled down, as the Release build's is.
bool is_for_whole_runs(const Machine& machine) {
  return machine.workers * machine.processors > 2 || (machine.workers > 1 && machine.stores > 1);
}

TEST_P(TakingProtocol, OneOwnerNoProcessorLostNobodyStuck) {
  if (is_for_whole_runs(GetParam()) && testing::scaled(10) < 10) GTEST_SKIP() << "PREEMPT_TEST_SCALE is below 1";
  const Exploration exploration = explore(GetParam(), Protocol::kOurs);
  print(exploration);
  EXPECT_EQ(exploration.violation, "");
  EXPECT_GT(exploration.states, 1000u);
}

INSTANTIATE_TEST_SUITE_P(Machines, TakingProtocol,
                         ::testing::Values(Machine{1, 1, 4}, Machine{2, 1, 1}, Machine{2, 1, 4}, Machine{2, 2, 1}));

struct Flaw {
  const char* name;
  Protocol protocol;
};
void PrintTo(const Flaw& flaw, std::ostream* out) { *out << flaw.name; }

class FlawedTakingProtocol : public ::testing::TestWithParam<Flaw> {};

TEST_P(FlawedTakingProtocol, IsFound) {
  const Exploration exploration = explore({.workers = 2, .processors = 1, .stores = 2}, GetParam().protocol);
  print(exploration);
  EXPECT_NE(exploration.violation, "");
}

INSTANTIATE_TEST_SUITE_P(
    Flaws, FlawedTakingProtocol,
    ::testing::Values(Flaw{"NoMembarrier", Protocol::kNoMembarrier}, Flaw{"WithoutClaim", Protocol::kWithoutClaim},
                      Flaw{"ReadsLostFirst", Protocol::kReadsLostFirst}, Flaw{"TakesByStore", Protocol::kTakesByStore},
                      Flaw{"VetoesByStore", Protocol::kVetoesByStore}, Flaw{"KeepsTaken", Protocol::kKeepsTaken},
                      Flaw{"ForgetsToPassOn", Protocol::kForgetsToPassOn}),
    [](const auto& flaw) { return flaw.param.name; });

}  // namespace
}  // namespace preempt::testing
