// How long a pool needs to come and to go, with one task in between.
#include <chrono>
#include <cstdio>
#include <string>
#include <vector>

#include "cost.h"
#include "peers/asio_pool.h"
#include "peers/mutex_pool.h"
#include "peers/preempt_pool.h"
#include "peers/tbb_pool.h"
#include "support/countdown.h"
#include "support/progress.h"
#include "support/spread.h"
#include "support/statistics.h"

namespace preempt::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kWorkers = 2;
constexpr const char* kWorkload = "pool of 2 workers";

struct Times {
  std::string name;
  void (*measure)(Times&);
  std::vector<double> first_task = {}, end = {};  // microseconds; to the end of the first task
};

double microseconds(Clock::duration time) { return std::chrono::duration<double, std::micro>(time).count(); }

template <class Pool>
void measure(Times& times) {
  static Countdown& left = *new Countdown;  // the task may still touch it when the wait for it is over
  left.reset(1);
  const auto start = Clock::now();
  Clock::time_point ran;
  {
    Pool pool(kWorkers);
    pool.post([] { left.count_down(); });
    left.wait();
    ran = Clock::now();
  }
  times.first_task.push_back(microseconds(ran - start));
  times.end.push_back(microseconds(Clock::now() - ran));
}

}  // namespace

void measure_starting(Measurement& measurement) {
  const int repetitions = measurement.quick() ? 21 : 101;
  std::vector<Times> all = {
    {"preempt", measure<PreemptPool>},
    {"mutex pool", measure<MutexPool>},
#if PREEMPT_BENCH_HAS_ASIO
    {"asio::thread_pool", measure<AsioPool>},
#endif
    {"oneTBB arena", measure<TbbPool>}
  };
  {
    const Progress progress;
    for (int repetition = 1; repetition <= repetitions; ++repetition) {
      progress.show(repetition, repetitions, "start and end");
      for (Times& times : all) times.measure(times);
    }
  }
  std::printf("%s, %d repetitions; oneTBB keeps its threads for the next arena.\n\n", kWorkload, repetitions);
  MarkdownTable table({"pool", "start to the end of the first task, us", "quartiles", "its end, us", "quartiles"});
  for (const Times& times : all) {
    table.add({times.name, number(median(times.first_task)), quartiles_text(times.first_task),
               number(median(times.end)), quartiles_text(times.end)});
    for (std::size_t i = 0; i < times.end.size(); ++i) {
      measurement.samples.add(kWorkload, times.name, "start and first task", "us", Better::kLower, times.first_task[i]);
      measurement.samples.add(kWorkload, times.name, "end", "us", Better::kLower, times.end[i]);
    }
  }
  table.print(stdout);
}

}  // namespace preempt::bench
