// Instructions for each empty task, counted by callgrind, which runs the program on a simulated cpu: they do not depend
// on the machine's speed or on who else uses it. The kernel's are not counted. The difference between two lengths of a
// run leaves out what starts and ends it.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "cost.h"
#include "peers/asio_pool.h"
#include "support/child_program.h"
#include "support/progress.h"

namespace preempt::bench {
namespace {

constexpr int kTasks = 1'000;  // in a batch

struct Contender {
  const char* name;
  const char* argument;
  bool is_peer = false;
  double outside = 0, inside = 0, growing = 0;  // instructions for each task
};

// A folder for callgrind's files.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "preempt-cost-XXXXXX").string();
    if (mkdtemp(path.data()) != nullptr) path_ = path;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Of all threads: the sum that callgrind's file ends with. NaN when it did not run.
double instructions_of(const std::string& arguments) {
  const TemporaryFolder folder;
  const std::filesystem::path output = folder.path() / "callgrind";
  const std::string command =
      absl::StrCat("valgrind --tool=callgrind --callgrind-out-file=", quoted(output), " ",
                   quoted(own_folder() / "cost_instructions_program"), " ", arguments, " >/dev/null 2>&1");
  if (std::system(command.c_str()) != 0) return std::numeric_limits<double>::quiet_NaN();
  std::ifstream file(output);
  double total = std::numeric_limits<double>::quiet_NaN();
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("totals: ", 0) == 0) total = std::atof(line.c_str() + std::string("totals: ").size());
  }
  return total;
}

// With the memory of one batch used again by the next.
double instructions_for_a_task(const Contender& contender, const std::string& place, int batches) {
  const auto run = [&](int count) {
    return instructions_of(absl::StrCat(contender.argument, " ", place, " ", count, " ", kTasks));
  };
  const double once = run(batches), twice = run(2 * batches);
  return (twice - once) / (batches * kTasks);
}

// Of a queue that only gets longer, so that each task needs new memory.
double instructions_when_growing(const Contender& contender, int tasks) {
  const auto run = [&](int count) { return instructions_of(absl::StrCat(contender.argument, " outside 1 ", count)); };
  return (run(2 * tasks) - run(tasks)) / tasks;
}

std::vector<Contender> contenders() {
  std::vector<Contender> all = {{"preempt", "preempt"},
                                {"preempt, no preemption", "preempt_none"},
                                {"mutex pool", "mutex_pool", true},
                                {"oneTBB arena", "tbb", true}};
#if PREEMPT_BENCH_HAS_ASIO
  all.push_back({"asio::thread_pool", "asio", true});
#endif
  return all;
}

void write_samples(SamplesFile& samples, const Contender& contender) {
  const auto write = [&](const char* workload, double value) {
    samples.add(workload, contender.name, "instructions", "", Better::kLower, value);
  };
  write("empty tasks from outside, 1 worker", contender.outside);
  write("empty tasks from inside, 1 worker", contender.inside);
  write("empty tasks into a queue that grows, 1 worker", contender.growing);
}

}  // namespace

void measure_instructions(Measurement& measurement) {
  if (std::system("command -v valgrind >/dev/null") != 0) {
    std::puts("skipped: valgrind is not installed");
    return;
  }
  const int batches = measurement.quick() ? 10 : 20;
  std::vector<Contender> all = contenders();
  {
    const Progress progress;
    for (std::size_t i = 0; i < all.size(); ++i) {
      progress.show(static_cast<int>(i) + 1, static_cast<int>(all.size()), absl::StrCat("instructions, ", all[i].name));
      all[i].outside = instructions_for_a_task(all[i], "outside", batches);
      all[i].inside = instructions_for_a_task(all[i], "inside", batches);
      all[i].growing = instructions_when_growing(all[i], 10 * kTasks);
      write_samples(measurement.samples, all[i]);
    }
  }
  std::printf("Batches of %d empty tasks, one worker that is held until a batch from outside is queued.\n\n", kTasks);
  MarkdownTable table({"pool", "from outside", "from inside", "into a queue that grows"});
  const Contender* mutex_pool = nullptr;
  for (const Contender& each : all) {
    table.add({each.name, number(each.outside), number(each.inside), number(each.growing)});
    if (each.name == std::string("mutex pool")) mutex_pool = &each;
  }
  table.print(stdout);
  std::puts("");
  const double outside = all[0].outside / mutex_pool->outside, inside = all[0].inside / mutex_pool->inside;
  print_goal("from outside, preempt / mutex pool", outside, "x", 1);
  print_goal("from inside, preempt / mutex pool", inside, "x", 1);
  const double limit = measurement.instructions_limit;
  measurement.exceeded |= limit > 0 && !(outside <= limit && inside <= limit);  // NaN exceeds it too
}

}  // namespace preempt::bench
