// Switches of the peers that switch stacks too: Boost.Fiber's yield, Boost.Context's bare switch, Go's Gosched. Those
// that are not installed are left out of the table.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdlib>
#include <memory>

#include "fiber/fiber.h"
#include "support/affinity.h"
#include "support/child_program.h"
#include "support/go_program.h"

#if __has_include(<boost/fiber/fiber.hpp>)
#include <boost/context/fiber.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/operations.hpp>
#endif

namespace preempt::bench {
namespace {

// What a switch of ours costs below the scheduler: the stacks, the registers, the exceptions in flight. Both sides
// leave by the same call, as in the scheduler, where the return predictor counts on it.
struct PingPong {
  fiber::Fiber home{{}, nullptr};
  fiber::Fiber* other = nullptr;

  [[gnu::noinline]] static void switch_for_ever(fiber::Fiber& from, fiber::Fiber& to, benchmark::State* counts) {
    while (counts == nullptr || counts->KeepRunning()) from.switch_to(to);
  }
  static void entry(void* argument) {
    auto& self = *static_cast<PingPong*>(argument);
    self.other->arrived();
    switch_for_ever(*self.other, self.home, nullptr);
  }
};

void fiber_switch(benchmark::State& state) {
  constexpr std::size_t kSize = 64 * 1024;
  const auto memory = std::unique_ptr<void, void (*)(void*)>(std::aligned_alloc(4096, kSize), std::free);
  PingPong turns;
  turns.home.adopt_thread();
  turns.other = fiber::Fiber::create({.low = static_cast<char*>(memory.get()), .size = kSize}, PingPong::entry, &turns);
  PingPong::switch_for_ever(turns.home, *turns.other, &state);
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(fiber_switch)->Name("switch/preempt")->UseRealTime();

#if __has_include(<boost/fiber/fiber.hpp>)
void context_switch(benchmark::State& state) {
  bool ends = false;
  boost::context::fiber other([&ends](boost::context::fiber&& home) {
    while (!ends) home = std::move(home).resume();
    return std::move(home);
  });
  for (auto _ : state) other = std::move(other).resume();
  ends = true;
  other = std::move(other).resume();
  state.SetItemsProcessed(2 * state.iterations());
}
BENCHMARK(context_switch)->Name("switch/boost_context")->UseRealTime();

void boost_yield(benchmark::State& state) {
  constexpr int kYields = 1'000;
  const AffinityScope scope(split_cpus(1).workers);
  for (auto _ : state) {
    const auto yielding = [] {
      for (int i = 0; i < kYields; ++i) boost::this_fiber::yield();
    };
    boost::fibers::fiber first(yielding), second(yielding);
    first.join();
    second.join();
  }
  state.SetItemsProcessed(state.iterations() * 2 * kYields);
}
BENCHMARK(boost_yield)->Name("yield/boost_fiber")->UseRealTime();
#endif

// Measures itself: a program of its own, with a million turns of two goroutines on one processor.
void gosched(benchmark::State& state) {
  static const GoProgram go(PREEMPT_BENCH_GOSCHED);
  const AffinityScope scope(split_cpus(1).workers);
  for (auto _ : state) {
    double nanoseconds = 0;
    if (!go.built() || !ChildProgram(go.command()).read(nanoseconds)) return state.SkipWithError("no Go compiler here");
    state.SetIterationTime(1e-9 * nanoseconds);
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(gosched)->Name("yield/gosched")->Iterations(1)->UseManualTime();

}  // namespace
}  // namespace preempt::bench
