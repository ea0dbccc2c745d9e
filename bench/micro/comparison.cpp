#include "comparison.h"

#include <utility>

#include "peers/asio_pool.h"

namespace preempt::bench {
namespace {

constexpr Goal kNoSlower = {GoalKind::kRatioAtMost, 1.0};
constexpr Goal kHalf = {GoalKind::kRatioAtMost, 0.5};
constexpr Goal kNearTheFloor = {GoalKind::kRatioAtMost, 1.3};

std::string with_workers(const std::string& benchmark, int workers) {
  return benchmark + "/workers:" + std::to_string(workers);
}

std::string workers_text(int workers) { return std::to_string(workers) + (workers == 1 ? " worker" : " workers"); }

std::vector<Peer> pools(const std::string& family, int workers) {
  std::vector<Peer> peers = {
      {"oneTBB enqueue", {{with_workers(family + "/tbb_enqueue", workers)}}},
      {"mutex pool", {{with_workers(family + "/mutex_pool", workers)}}},
  };
#if PREEMPT_BENCH_HAS_ASIO
  peers.push_back({"asio post", {{with_workers(family + "/asio_post", workers)}}});
#endif
  return peers;
}

void add_pools(std::vector<Comparison>& table, int workers) {
  const std::string text = ", " + workers_text(workers);
  table.push_back(
      {"execute from outside" + text, {with_workers("outside/preempt", workers)}, pools("outside", workers), kHalf});
  table.push_back({"execute from inside" + text,
                   {with_workers("inside/preempt", workers)},
                   {{"oneTBB task_group", {{with_workers("inside/tbb_task_group", workers)}}}},
                   kHalf});
  table.push_back(
      {"submit and get" + text, {with_workers("round_trip/preempt", workers)}, pools("round_trip", workers)});
  table.push_back(
      {"submit 1000, get all" + text, {with_workers("submit_all/preempt", workers)}, pools("submit_all", workers)});
  table.push_back({"fork and join in a task" + text,
                   {with_workers("fork_join/preempt", workers)},
                   {{"oneTBB task_group", {{with_workers("fork_join/tbb_task_group", workers)}}}}});
  table.push_back({"the same by std::future" + text,
                   {with_workers("fork_join/preempt_future", workers)},
                   {{"oneTBB task_group", {{with_workers("fork_join/tbb_task_group", workers)}}}}});
}

void add_steal(std::vector<Comparison>& table) {
  std::vector<Peer> peers = {{"oneTBB task_group", {{"steal/tbb_task_group"}}},
                             {"oneTBB enqueue", {{"steal/tbb_enqueue"}}},
                             {"mutex pool", {{"steal/mutex_pool"}}}};
#if PREEMPT_BENCH_HAS_ASIO
  peers.push_back({"asio post", {{"steal/asio_post"}}});
#endif
  table.push_back({"steal from a worker that computes", {"steal/preempt"}, std::move(peers)});
}

void add_switches(std::vector<Comparison>& table) {
  table.push_back({"loop with a checkpoint",
                   {"loop/checkpoint"},
                   {{"loop without", {{"loop/plain"}}}},
                   {GoalKind::kDifferenceBelow, 0.5}});
  const Peer kernel = {"sched_yield of 2 threads", {{"yield/threads"}}};
  table.push_back({"yield, pinned", {"yield/preempt_pinned"}, {kernel}});
  table.push_back({"yield, migratable", {"yield/preempt_migratable"}, {kernel}});
  const Measure migratable = {"yield/preempt_migratable"};
  table.push_back({"yield, migratable", migratable, {{"Go's Gosched", {{"yield/gosched"}}}}, kNoSlower});
#if __has_include(<boost/fiber/fiber.hpp>)
  table.push_back({"yield, migratable", migratable, {{"Boost.Fiber", {{"yield/boost_fiber"}}}}, kHalf});
  table.push_back({"fiber switch",
                   {"switch/preempt"},
                   {{"Boost.Context", {{"switch/boost_context"}}}},
                   {GoalKind::kRatioAtMost, 1.2}});
#endif
}

// The first line of submitters stands beside the second and third, too: many are to be no slower in total than one.
void add_idle(std::vector<Comparison>& table) {
  const auto named = [](const std::string& family, const std::string& ending, const std::string& counter) {
    std::vector<Peer> peers = {{"mutex pool", {{family + "/mutex_pool" + ending, counter}}}};
    if (family != "start") peers.push_back({"oneTBB enqueue", {{family + "/tbb_enqueue" + ending, counter}}});
#if PREEMPT_BENCH_HAS_ASIO
    peers.push_back({"asio post", {{family + "/asio_post" + ending, counter}}});
#endif
    return peers;
  };
  for (const std::string threads : {"1", "2", "4"}) {
    const std::string ending = "/threads:" + threads;
    table.push_back({"execute from " + threads + " threads, 2 workers",
                     {"threads/preempt" + ending},
                     named("threads", ending, "")});
  }
  table.push_back({"execute from 4 threads, 2 workers",
                   {"threads/preempt/threads:4"},
                   {{"the same from 1", {{"threads/preempt/threads:1"}}}},
                   kNoSlower});
  table.push_back({"wake-up from idle, 2 workers", {"wake_up/preempt", "p50_ns"}, named("wake_up", "", "p50_ns")});
  table.push_back({"start, one task, end, 2 workers", {"start/preempt"}, named("start", "", "")});
}

void add_hog(std::vector<Comparison>& table, int slice_us) {
  const std::string slice = std::to_string(slice_us);
  const Peer one_slice = {"one slice", {}, 1e3 * slice_us};
  const std::pair<std::string, std::string> hogs[] = {{"a fresh hog", "behind_fresh_hog"},
                                                      {"an old hog", "behind_old_hog"}};
  for (const auto& [hog, family] : hogs) {
    const std::string benchmark = family + "/slice_us:" + slice;
    const std::string what = "task behind " + hog + ", slice " + slice + " us, ";
    table.push_back({what + "median", {benchmark, "p50_ns"}, {one_slice}});
    table.push_back({what + "p99", {benchmark, "p99_ns"}, {one_slice}});
  }
}

// Also by cpu time: what the wall clock shows depends more on how quiet the machine is.
void add_preemption(std::vector<Comparison>& table) {
  const Measure signal = {"floor/signal"}, handover = {"floor/handover"};
  const Peer thread_floor = {"signal + futex hand-over", {signal, handover}};
  const Peer fiber_floor = {"signal", {signal}};
  // Somebody must wake up to send the signal.
  const Measure wakeup = {"floor/wakeup", "wakeup_ns"};
  const Peer whole_thread_floor = {"timer + signal + futex hand-over", {wakeup, signal, handover}};
  const Peer whole_fiber_floor = {"timer + signal", {wakeup, signal}};
  const std::string pinned = "two_hogs/pinned/slice_us:100", migratable = "two_hogs/migratable/slice_us:100";
  table.push_back({"preemption by thread switch", {pinned, "cost_ns"}, {thread_floor}, kNearTheFloor});
  table.push_back({"preemption by thread switch, cpu time", {pinned, "cpu_ns"}, {whole_thread_floor}});
  table.push_back({"preemption by fiber switch", {migratable, "cost_ns"}, {fiber_floor}, kNearTheFloor});
  table.push_back({"preemption by fiber switch, cpu time", {migratable, "cpu_ns"}, {whole_fiber_floor}});
}

// The convoy's goal is a throughput of nine tenths of the one without preemption.
void add_blocking(std::vector<Comparison>& table) {
  table.push_back({"Blocking scope, nobody takes the processor",
                   {"blocking/scope"},
                   {{"nothing"}},
                   {GoalKind::kDifferenceBelow, 20.0}});
  const Peer wakeup = {"timer's wake-up", {{"floor/wakeup", "wakeup_ns"}}};
  table.push_back({"watchdog's look at 1 sleeping worker", {"look/processors:1", "look_ns"}, {wakeup}});
  table.push_back({"the same at each of 8", {"look/processors:8", "look_ns"}, {wakeup}});
  table.push_back({"mutex, uncontended", {"mutex/preempt"}, {{"std::mutex", {{"mutex/std"}}}}});
  for (const char* hogs : {"0", "1"}) {
    const std::string beside = std::string("/hogs:") + hogs;
    for (const char* slice : {"100", "1000"}) {
      table.push_back({std::string("64 tasks, one std::mutex, ") + hogs + " hogs, slice " + slice + " us",
                       {std::string("convoy/slice_") + slice + "_us" + beside},
                       {{"no preemption", {{"convoy/none" + beside}}}},
                       {GoalKind::kRatioAtMost, 1 / 0.9}});
    }
  }
}

}  // namespace

std::vector<Comparison> comparisons() {
  std::vector<Comparison> table;
  for (const int workers : {1, 2}) add_pools(table, workers);
  add_steal(table);
  add_idle(table);
  add_switches(table);
  add_blocking(table);
  for (const int slice_us : {100, 1000}) add_hog(table, slice_us);
  add_preemption(table);
  return table;
}

}  // namespace preempt::bench
