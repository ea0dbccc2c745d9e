// Uses each public header, and one symbol of each part of the library.
#include <preempt/executor.h>
#include <preempt/signal_safe.h>

#include <atomic>
#include <cstdio>
#include <memory>

namespace {

std::atomic<int> ended = 0;

PREEMPT_SIGNAL_SAFE int sum_up_to(int last) {
  int sum = 0;
  for (int i = 1; i <= last; ++i) sum += i;
  return sum;
}

}  // namespace

int main() {
  preempt::Options options{.processors = 2};
  if (!options.validate().ok() || !preempt::Options::from_env(options).ok()) return 1;
  preempt::Executor executor(options);
  auto answer = executor.submit([owned = std::make_unique<int>(100)] { return sum_up_to(*owned); });
  for (int i = 0; i < 100; ++i) {
    executor.execute([] {
      preempt::NoPreempt here;
      PREEMPT_CHECKPOINT();
      preempt::Blocking sleeps;
      ++ended;
    });
  }
  if (answer.get() != 5050) return 2;
  executor.drain();
  std::printf("%d tasks ended, verdict %s\n", ended.load(), preempt::to_string(preempt::Verdict::kThreadSwitch));
  return ended == 100 ? 0 : 3;
}
