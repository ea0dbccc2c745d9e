// Ways to end a process while tasks run and workers are parked in the handler. Each in a child with a time limit.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "preempt/executor.h"
#include "support/child_process.h"
#include "support/hogs.h"

#if defined(__SANITIZE_ADDRESS__)
#define PREEMPT_TEST_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PREEMPT_TEST_UNDER_ASAN 1
#endif
#endif

// These processes end in the middle of their work: what they still own is no leak.
extern "C" __attribute__((visibility("default"))) const char* __asan_default_options() { return "detect_leaks=0"; }

namespace preempt {
namespace {

using testing::busy_for;
using testing::ending;
using testing::Hogs;
using testing::status_of_child;

Options short_slices() { return {.processors = 2, .time_slice = std::chrono::microseconds(100)}; }

std::atomic<bool> stop_tasks = false;

// As a service has it: destroyed by exit(), which waits for its tasks. They end when exit() has begun.
Executor& static_executor() {
  static Executor executor(short_slices());
  static const bool registered = std::atexit([] { stop_tasks = true; }) == 0;
  if (!registered) _exit(95);
  return executor;
}

// Never destroyed, so its tasks need not end.
Executor& immortal_executor() {
  static Executor& executor = *new Executor(short_slices());
  return executor;
}

void submit_tasks(Executor& executor) {
  for (int i = 0; i < 6; ++i) {
    executor.execute([] {
      while (!stop_tasks) testing::spin_a_little();
    });
  }
}

// Until several threads were parked in the handler; a child that fails here ends with a status nobody expects.
void wait_for_parked_workers(const Executor& executor) {
  if (!testing::more_thread_preemptions(executor, 20)) _exit(98);
}

void make_endless_tasks() {
  static Hogs& hogs = *new Hogs(immortal_executor(), 6);
  if (!hogs.all_begun()) _exit(97);
  wait_for_parked_workers(immortal_executor());
}

TEST(ExitAsync, InATaskOfAStaticExecutor) {
  const auto status = status_of_child([] {
    submit_tasks(static_executor());
    wait_for_parked_workers(static_executor());
    static_executor().execute([] {
      busy_for(std::chrono::milliseconds(5));
      std::exit(3);
    });
    sleep(60);
  });
  EXPECT_EQ(ending(status), "exit 3");
}

TEST(ExitAsync, InATaskWhichIsTheOnlyOne) {
  const auto status = status_of_child([] {
    static_executor().execute([] { std::exit(3); });
    sleep(60);
  });
  EXPECT_EQ(ending(status), "exit 3");
}

TEST(ExitAsync, FromMainWithAStaticExecutor) {
  const auto status = status_of_child([] {
    submit_tasks(static_executor());
    wait_for_parked_workers(static_executor());
    std::exit(4);
  });
  EXPECT_EQ(ending(status), "exit 4");
}

TEST(ExitAsync, FromMainWhileTasksGoOn) {
  const auto status = status_of_child([] {
    make_endless_tasks();
    std::exit(5);
  });
  EXPECT_EQ(ending(status), "exit 5");
}

TEST(ExitAsync, InATaskWhileOthersGoOn) {
  const auto status = status_of_child([] {
    make_endless_tasks();
    immortal_executor().execute([] { std::exit(5); });
    sleep(60);
  });
  EXPECT_EQ(ending(status), "exit 5");
}

TEST(ExitAsync, QuickExit) {
  const auto from_main = status_of_child([] {
    make_endless_tasks();
    std::quick_exit(6);
  });
  EXPECT_EQ(ending(from_main), "exit 6");
  const auto from_task = status_of_child([] {
    make_endless_tasks();
    immortal_executor().execute([] { std::quick_exit(6); });
    sleep(60);
  });
  EXPECT_EQ(ending(from_task), "exit 6");
}

TEST(ExitAsync, HandlersOfExitPassCheckpoints) {
  const auto status = status_of_child([] {
    make_endless_tasks();
    std::atexit([] {
      for (int i = 0; i < 10'000; ++i) PREEMPT_CHECKPOINT();
    });
    immortal_executor().execute([] { std::exit(7); });
    sleep(60);
  });
  EXPECT_EQ(ending(status), "exit 7");
}

// A directory of its own for a core file, and what the system lets a process write there.
class CoreDirectory {
 public:
  CoreDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "preempt_core_XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~CoreDirectory() { std::filesystem::remove_all(path_); }
  CoreDirectory(const CoreDirectory&) = delete;
  CoreDirectory& operator=(const CoreDirectory&) = delete;

  // Why no core file can be had; empty when one can.
  static std::string obstacle() {
#ifdef PREEMPT_TEST_UNDER_ASAN
    return "AddressSanitizer switches core files off";
#endif
    rlimit limit = {};
    getrlimit(RLIMIT_CORE, &limit);
    if (limit.rlim_max < 256 << 20) return "RLIMIT_CORE does not allow one";
    std::string pattern;
    std::getline(std::ifstream("/proc/sys/kernel/core_pattern"), pattern);
    if (pattern.empty() || pattern.find('/') != std::string::npos || pattern[0] == '|') {
      return "core_pattern is '" + pattern + "', not a file in the working directory";
    }
    return {};
  }

  // In the child that is about to die.
  void use() const {
    rlimit limit = {};
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_CORE, &limit);
    if (chdir(path_.c_str()) != 0) _exit(96);
  }

  bool has_core() const {
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.file_size() > 0) return true;
    }
    return false;
  }

 private:
  std::filesystem::path path_;
};

// `die` runs in a task or on the main thread of a child with parked workers: it ends by `signal`, with a core.
template <class Die>
void expect_death_by(int signal, Die die) {
  for (const bool in_task : {true, false}) {
    const CoreDirectory directory;
    const auto status = status_of_child([&] {
      std::signal(signal, SIG_DFL);  // no sanitizer's handler
      directory.use();
      make_endless_tasks();
      if (!in_task) die();
      immortal_executor().execute(die);
      sleep(60);
    });
    EXPECT_EQ(ending(status), "signal " + std::to_string(signal)) << "in a task: " << in_task;
    if (CoreDirectory::obstacle().empty()) {
      EXPECT_TRUE(status && WCOREDUMP(*status) && directory.has_core()) << "in a task: " << in_task;
    }
  }
  if (!CoreDirectory::obstacle().empty()) GTEST_SKIP() << "no core looked for: " << CoreDirectory::obstacle();
}

TEST(ExitAsync, AbortWritesACore) {
  expect_death_by(SIGABRT, [] { std::abort(); });
}

TEST(ExitAsync, SegmentationFaultWritesACore) {
  expect_death_by(SIGSEGV, [] {
    volatile std::uintptr_t nowhere = 64;  // not null, which a sanitizer would see first
    *reinterpret_cast<volatile int*>(nowhere) = 1;
  });
}

}  // namespace
}  // namespace preempt
