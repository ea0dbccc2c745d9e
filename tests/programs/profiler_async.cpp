// A sampling profiler beside the executor: SIGPROF at 1 kHz of processor time, its handler walks the stack. It comes
// to running workers, to workers that are parked in our handler, and into our handler itself.
#include <execinfo.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/time.h>

#include <atomic>
#include <cerrno>
#include <stdexcept>
#include <string>
#include <vector>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"

// What the sampled tasks run is in a section of its own, so that the handler knows it by its address.
#define SAMPLED __attribute__((noinline, section("sampled_code")))
extern "C" {
extern const char sampled_begin[] __asm__("__start_sampled_code");
extern const char sampled_end[] __asm__("__stop_sampled_code");
}

namespace preempt {
namespace {

using testing::Hogs;
using testing::scaled;

std::atomic<int> samples = 0;
std::atomic<int> samples_in_tasks = 0;

bool is_sampled_code(const void* address) { return address >= sampled_begin && address < sampled_end; }

// libgcc's unwinder cannot walk a stack that it is just unwinding: a plain program of two threads that throw under such
// a profiler crashes within a second, without any executor. Samples are taken there, too, but not walked.
constinit thread_local std::atomic<bool> is_throwing = false;

void take_sample(int, siginfo_t*, void*) {
  const int kept_errno = errno;
  void* frames[64];
  const int depth = is_throwing.load(std::memory_order_relaxed) ? 0 : backtrace(frames, 64);
  bool in_task = false;
  for (int i = 0; i < depth; ++i) in_task |= is_sampled_code(frames[i]);
  samples += 1;
  samples_in_tasks += in_task;
  errno = kept_errno;
}

SAMPLED std::uint64_t compute() {
  std::uint64_t hash = 1;
  for (int i = 0; i < 200'000; ++i) hash = hash * 6364136223846793005u + i;
  return hash;
}

SAMPLED std::uint64_t allocate() {
  std::vector<std::string> words;
  for (int i = 0; i < 3000; ++i) words.push_back(std::string(i % 97, 'x') + std::to_string(i));
  std::uint64_t sum = 0;
  for (const std::string& word : words) sum += word.size();
  return sum;
}

SAMPLED std::uint64_t throw_through(int frames) {
  const std::string kept_on_this_frame(40, 'y');
  if (frames == 0) throw std::runtime_error("thrown " + kept_on_this_frame);
  return throw_through(frames - 1) + kept_on_this_frame.size();
}

SAMPLED std::uint64_t throw_and_catch() {
  std::uint64_t sum = 0;
  is_throwing = true;
  for (int i = 0; i < 50; ++i) {
    try {
      sum += throw_through(30);
    } catch (const std::runtime_error& error) {
      sum += std::string(error.what()).size();
    }
  }
  is_throwing = false;
  return sum;
}

using Work = std::uint64_t (*)();
constexpr Work kWork[] = {compute, allocate, throw_and_catch};

class Profiler {
 public:
  Profiler() {
    void* frame = nullptr;
    backtrace(&frame, 1);  // loads the unwinder, which must not happen in a handler
    struct sigaction action = {};
    action.sa_sigaction = take_sample;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigaction(SIGPROF, &action, nullptr);
    const itimerval every_millisecond = {{0, 1000}, {0, 1000}};
    setitimer(ITIMER_PROF, &every_millisecond, nullptr);
  }
  ~Profiler() {
    const itimerval never = {};
    setitimer(ITIMER_PROF, &never, nullptr);
    signal(SIGPROF, SIG_IGN);
  }
};

// The main thread, which only waits, must not take the samples in the workers' place.
void leave_samples_to_workers() {
  sigset_t profiling;
  sigemptyset(&profiling);
  sigaddset(&profiling, SIGPROF);
  pthread_sigmask(SIG_BLOCK, &profiling, nullptr);
}

TEST(ProfilerAsync, DoesNoHarm) {
  std::uint64_t expected[std::size(kWork)];
  for (std::size_t i = 0; i < std::size(kWork); ++i) expected[i] = kWork[i]();

  Executor executor({.processors = 2, .time_slice = std::chrono::microseconds(100)});
  leave_samples_to_workers();
  const Profiler profiler;
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0;
  std::atomic<int> rounds = 0;
  for (int task = 0; task < 9; ++task) {
    executor.execute([&, which = task % std::size(kWork)] {
      while (!stop) {
        wrong += kWork[which]() != expected[which];
        ++rounds;
      }
    });
  }
  const int enough = scaled(1000);
  EXPECT_TRUE(testing::eventually([&] {
    return samples_in_tasks > enough && rounds > enough &&
           executor.stats().thread_preemptions > static_cast<std::uint64_t>(enough);
  })) << samples
      << " samples, " << samples_in_tasks << " in tasks, " << rounds << " rounds, "
      << executor.stats().thread_preemptions << " thread switches";
  stop = true;
  executor.drain();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace preempt
