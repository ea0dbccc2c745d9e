#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/task.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <atomic>
#include <cfenv>
#include <cstdio>

#include "program.h"

namespace tbb_programs {
namespace {

using Context = tbb::task_group_context;

PROGRAM(context_traits) {
  const Context plain;
  const Context isolated(Context::isolated);
  const Context settings(Context::bound, Context::fp_settings);
  const Context both(Context::isolated, Context::fp_settings | Context::concurrent_wait);
  std::printf("%d %d\n", plain.traits() == Context::default_traits, isolated.traits() == Context::default_traits);
  std::printf("%d\n", settings.traits() == Context::fp_settings);
  std::printf("%d\n", both.traits() == (Context::fp_settings | Context::concurrent_wait));
}

PROGRAM(context_cancel_and_reset) {
  Context context;
  for (int round = 0; round < 2; ++round) {
    std::printf("cancelled %d, ", context.is_group_execution_cancelled());
    std::printf("first request %d, ", context.cancel_group_execution());
    std::printf("second request %d, ", context.cancel_group_execution());
    std::printf("cancelled %d\n", context.is_group_execution_cancelled());
    std::atomic<int> ran = 0;
    tbb::parallel_for(
        0, 100, [&](int) { ++ran; }, context);
    std::printf("bodies %d\n", ran.load());
    context.reset();
    tbb::parallel_for(
        0, 100, [&](int) { ++ran; }, context);
    std::printf("bodies after reset %d\n", ran.load());
  }
}

PROGRAM(context_current) {
  std::printf("outside %d\n", tbb::task::current_context() == nullptr);
  Context context;
  std::atomic<int> same = 0;
  tbb::parallel_for(
      0, 50, [&](int) { same += tbb::task::current_context() == &context; }, context);
  std::printf("same in %d of 50\n", same.load());
  std::atomic<int> restored = 0;
  tbb::parallel_for(
      0, 10,
      [&](int) {
        tbb::parallel_for(0, 10, [](int) {});
        restored += tbb::task::current_context() == &context;
      },
      context);
  std::printf("same after a nested loop in %d of 10\n", restored.load());
}

// Runs `body` in a task of `inner` started from a task of `outer`.
template <typename Body>
void nested(Context& outer, Context& inner, Body body) {
  tbb::task_group outer_group(outer);
  outer_group.run_and_wait([&] {
    tbb::task_group inner_group(inner);
    inner_group.run_and_wait([&] { body(); });
  });
}

PROGRAM(context_parent_cancels_child) {
  Context outer;
  Context inner;
  nested(outer, inner, [&] {
    std::printf("request %d\n", outer.cancel_group_execution());
    std::printf("outer %d, inner %d\n", outer.is_group_execution_cancelled(), inner.is_group_execution_cancelled());
    std::printf("current %d\n", tbb::is_current_task_group_canceling());
  });
  Context grandchild;
  Context child;
  Context parent;
  tbb::task_group group(parent);
  group.run_and_wait([&] {
    nested(child, grandchild, [&] {
      parent.cancel_group_execution();
      std::printf("grandchild %d\n", grandchild.is_group_execution_cancelled());
    });
  });
}

PROGRAM(context_child_spares_parent) {
  Context outer;
  Context inner;
  nested(outer, inner, [&] {
    inner.cancel_group_execution();
    std::printf("outer %d, inner %d\n", outer.is_group_execution_cancelled(), inner.is_group_execution_cancelled());
  });
  std::printf("outer afterwards %d\n", outer.is_group_execution_cancelled());
}

PROGRAM(context_isolated_child) {
  Context outer;
  Context inner(Context::isolated);
  std::atomic<int> ran = 0;
  nested(outer, inner, [&] {
    outer.cancel_group_execution();
    std::printf("outer %d, inner %d\n", outer.is_group_execution_cancelled(), inner.is_group_execution_cancelled());
    // Of the isolated one: not cancelled either.
    tbb::parallel_for(0, 100, [&](int) { ++ran; });
  });
  std::printf("bodies %d\n", ran.load());
}

PROGRAM(context_bound_to_cancelled_parent) {
  Context outer;
  std::atomic<int> bound = 0;
  std::atomic<int> isolated = 0;
  tbb::task_group group(outer);
  group.run_and_wait([&] {
    outer.cancel_group_execution();
    tbb::parallel_for(0, 100, [&](int) { ++bound; });
    Context own(Context::isolated);
    tbb::parallel_for(
        0, 100, [&](int) { ++isolated; }, own);
  });
  std::printf("bound %d, isolated %d\n", bound.load(), isolated.load());
}

// The number of bodies in which the rounding mode is `mode`.
int bodies_with(int mode, Context& context) {
  std::atomic<int> same = 0;
  tbb::parallel_for(
      tbb::blocked_range<int>(0, 200),
      [&](const tbb::blocked_range<int>& range) {
        for (int i = range.begin(); i != range.end(); ++i) same += std::fegetround() == mode;
      },
      tbb::simple_partitioner(), context);
  return same;
}

PROGRAM(context_fp_settings) {
  // The scheduler is initialised here, and takes the settings of this moment.
  tbb::parallel_for(0, 10, [](int) {});
  std::fesetround(FE_UPWARD);
  Context upward(Context::isolated, Context::fp_settings);
  std::fesetround(FE_DOWNWARD);
  Context downward;
  downward.capture_fp_settings();
  std::fesetround(FE_TOWARDZERO);
  std::printf("trait: %d of 200\n", bodies_with(FE_UPWARD, upward));
  std::printf("restored %d\n", std::fegetround() == FE_TOWARDZERO);
  std::printf("captured: %d of 200\n", bodies_with(FE_DOWNWARD, downward));
  std::printf("restored %d\n", std::fegetround() == FE_TOWARDZERO);
  upward.capture_fp_settings();
  std::printf("captured anew: %d of 200\n", bodies_with(FE_TOWARDZERO, upward));
  std::fesetround(FE_TONEAREST);
}

PROGRAM(context_fp_settings_nested) {
  std::fesetround(FE_UPWARD);
  Context outer(Context::bound, Context::fp_settings);
  std::fesetround(FE_TONEAREST);
  std::atomic<int> inherited = 0;
  std::atomic<int> own = 0;
  std::atomic<int> kept = 0;
  tbb::parallel_for(
      0, 5,
      [&](int) {
        Context inner;
        inherited += bodies_with(FE_UPWARD, inner);
        std::fesetround(FE_DOWNWARD);
        Context captured(Context::bound, Context::fp_settings);
        std::fesetround(FE_UPWARD);
        own += bodies_with(FE_DOWNWARD, captured);
        kept += std::fegetround() == FE_UPWARD;
      },
      outer);
  std::printf("inherited in %d, own in %d, kept in %d\n", inherited.load(), own.load(), kept.load());
  std::printf("restored %d\n", std::fegetround() == FE_TONEAREST);
}

PROGRAM(context_fp_settings_of_arena) {
  std::fesetround(FE_UPWARD);
  tbb::task_arena arena(2);
  arena.initialize();
  std::fesetround(FE_TONEAREST);
  Context plain;
  std::printf("in the arena: %d of 200\n", arena.execute([&] { return bodies_with(FE_UPWARD, plain); }));
  std::printf("restored %d\n", std::fegetround() == FE_TONEAREST);
}

}  // namespace
}  // namespace tbb_programs
