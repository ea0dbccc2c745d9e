// The three kinds of caller that a primitive of <preempt/sync.h> may have.
#ifndef PREEMPT_TESTS_SUPPORT_WAITING_KINDS_H_
#define PREEMPT_TESTS_SUPPORT_WAITING_KINDS_H_

#include <gtest/gtest.h>

#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "preempt/executor.h"

namespace preempt::testing {

enum class Kind { kPinned, kMigratable, kThread };

inline std::string name_of(Kind kind) {
  switch (kind) {
    case Kind::kPinned:
      return "Pinned";
    case Kind::kMigratable:
      return "Migratable";
    case Kind::kThread:
      return "Thread";
  }
  return "";
}

// Runs callables as tasks of one kind, or each on a thread of its own.
class Runner {
 public:
  explicit Runner(Kind kind, int processors = 2) {
    if (kind == Kind::kThread) return;
    executor_.emplace(Options{.processors = processors,
                              .time_slice = std::chrono::microseconds(100),
                              .max_threads = 200,
                              .migratable = kind == Kind::kMigratable});
  }
  ~Runner() { join(); }

  void run(std::function<void()> f) {
    if (executor_) {
      executor_->execute(std::move(f));
    } else {
      threads_.emplace_back(std::move(f));
    }
  }
  void join() {
    if (executor_) executor_->drain();
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }
  Executor* executor() { return executor_ ? &*executor_ : nullptr; }

 private:
  std::optional<Executor> executor_;
  std::vector<std::thread> threads_;
};

class ForEachKind : public ::testing::TestWithParam<Kind> {};

#define PREEMPT_FOR_EACH_KIND(suite)                                                                             \
  INSTANTIATE_TEST_SUITE_P(Kinds, suite,                                                                         \
                           ::testing::Values(::preempt::testing::Kind::kPinned, ::preempt::testing::Kind::kMigratable, \
                                             ::preempt::testing::Kind::kThread),                                 \
                           [](const auto& info) { return ::preempt::testing::name_of(info.param); })

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_WAITING_KINDS_H_
