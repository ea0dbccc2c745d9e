// Migratable tasks leave their thread in marked code, however it was marked and wherever it is linked; ranges go with
// their shared object.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <atomic>

#include "kernel.h"
#include "preempt/executor.h"
#include "signal/code_ranges.h"
#include "support/scale.h"

namespace preempt {
namespace {

constexpr std::uint64_t kTurns = 300'000;

// Tasks that spin in `kernel` until many were set aside in it.
void expect_fiber_preemptions(Kernel* kernel) {
  ASSERT_NE(kernel, nullptr);
  const std::uint64_t right = kernel(kTurns);
  Executor executor({.processors = 1, .time_slice = std::chrono::microseconds(50), .migratable = true});
  const std::uint64_t wanted = testing::scaled(200);
  std::atomic<int> wrong = 0;
  std::atomic<bool> stop = false;
  for (int i = 0; i < 4; ++i) {
    executor.execute([&] {
      while (!stop) wrong += kernel(kTurns) != right;
    });
  }
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (executor.stats().fiber_preemptions < wanted && std::chrono::steady_clock::now() < end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  stop = true;
  executor.drain();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(executor.stats().fiber_preemptions, wanted);
}

TEST(SignalSafe, MarkedFunctions) { expect_fiber_preemptions(spin_marked); }
TEST(SignalSafe, MarkedInlineFunctions) { expect_fiber_preemptions(spin_marked_inline); }
TEST(SignalSafe, MarkedMembers) { expect_fiber_preemptions(spin_marked_member); }
TEST(SignalSafe, TemplatesOfAStaticLibrary) { expect_fiber_preemptions(spin_in_static); }
TEST(SignalSafe, TemplatesOfASharedLibrary) { expect_fiber_preemptions(spin_in_shared); }

TEST(SignalSafe, AModuleIsKnownFromItsLoadToItsEnd) {
  for (int round = 0; round < 100; ++round) {  // more rounds than ranges can be kept
    void* const module = dlopen(PREEMPT_TEST_MODULE, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(module, nullptr) << dlerror();
    auto* const kernel = reinterpret_cast<Kernel*>(dlsym(module, "spin_in_module"));
    ASSERT_NE(kernel, nullptr);
    const auto address = reinterpret_cast<std::uintptr_t>(kernel);
    EXPECT_TRUE(signal::is_signal_safe(address));
    if (round == 99) expect_fiber_preemptions(kernel);
    ASSERT_EQ(dlclose(module), 0);
    EXPECT_FALSE(signal::is_signal_safe(address));
  }
}

}  // namespace
}  // namespace preempt
