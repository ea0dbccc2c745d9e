// What a queued task, a task that waits and a worker that rests take, and how long a hundred thousand of them need to
// come and to go. Each in a process of its own, so that no memory was there before.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "cost.h"
#include "peers/asio_pool.h"
#include "support/child_program.h"
#include "support/progress.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

struct Row {
  std::string what;
  std::string contender;
  std::string arguments;
  int count = 0;
  double goal_bytes = 0;  // 0: none
  std::vector<double> resident = {}, page_tables = {}, make_us = {}, end_us = {}, unguarded = {};
};

std::vector<Row> rows(bool quick) {
  const int tasks = quick ? 200'000 : 1'000'000, fibers = quick ? 20'000 : 100'000, threads = quick ? 2'000 : 10'000;
  const std::string queued = "queued task of 48 bytes", waiting = "task that waits", parked = "worker that rests";
  constexpr double kTaskGoal = 128, kFiberGoal = 12 * 1024;
  constexpr int kWorkers = 256;
  std::vector<Row> all = {
    {queued, "preempt", "queued preempt", tasks, kTaskGoal},
    {queued, "mutex pool", "queued mutex_pool", tasks},
    {queued, "oneTBB arena", "queued tbb", tasks},
#if PREEMPT_BENCH_HAS_ASIO
    {queued, "asio::thread_pool", "queued asio", tasks},
#endif
    {waiting, "preempt, migratable", "waiting preempt", fibers, kFiberGoal},
    {waiting, "a thread for each", "waiting threads", threads},
    {parked, "preempt", "parked preempt", kWorkers},
    {parked, "mutex pool", "parked mutex_pool", kWorkers},
  };
  return all;
}

void measure(Row& row) {
  ChildProgram program(quoted(own_folder() / "cost_memory_program") + " " + row.arguments + " " +
                       std::to_string(row.count));
  double values[5] = {};
  for (double& value : values) {
    if (!program.read(value)) return;
  }
  if (!program.end()) return;
  row.resident.push_back(values[0]);
  row.page_tables.push_back(values[1]);
  row.make_us.push_back(1e6 * values[2] / row.count);
  row.end_us.push_back(1e6 * values[3] / row.count);
  row.unguarded.push_back(values[4]);
}

void write_samples(SamplesFile& samples, const Row& row) {
  const std::string workload = std::to_string(row.count) + " x " + row.what;
  for (std::size_t i = 0; i < row.resident.size(); ++i) {
    samples.add(workload, row.contender, "resident memory", "bytes", Better::kLower, row.resident[i]);
    samples.add(workload, row.contender, "page tables", "bytes", Better::kLower, row.page_tables[i]);
    samples.add(workload, row.contender, "time to make", "us", Better::kLower, row.make_us[i]);
    samples.add(workload, row.contender, "time to end", "us", Better::kLower, row.end_us[i]);
  }
}

}  // namespace

void measure_memory(Measurement& measurement) {
  std::vector<Row> all = rows(measurement.quick());
  {
    const Progress progress;
    for (int repetition = 1; repetition <= measurement.repetitions; ++repetition) {
      for (Row& row : all) {
        progress.show(repetition, measurement.repetitions, row.what + ": " + row.contender);
        measure(row);
      }
    }
  }
  MarkdownTable table({"of each", "pool", "how many", "resident bytes", "page tables, bytes", "us to make", "us to end",
                       "stacks without guard"});
  for (const Row& row : all) {
    if (row.resident.empty()) {
      table.add({row.what, row.contender, std::to_string(row.count), "failed"});
      continue;
    }
    table.add({row.what, row.contender, std::to_string(row.count), number(median(row.resident)),
               number(median(row.page_tables)), number(median(row.make_us)), number(median(row.end_us)),
               number(median(row.unguarded))});
    write_samples(measurement.samples, row);
  }
  table.print(stdout);
  std::puts("");
  for (const Row& row : all) {
    if (row.goal_bytes > 0) print_goal(row.what + ", resident", median(row.resident), " bytes", row.goal_bytes);
  }
}

}  // namespace preempt::bench
