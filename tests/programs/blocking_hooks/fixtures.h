// What the tests of the hooks share: channels, and a look at a worker's scope from outside.
#ifndef PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FIXTURES_H_
#define PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FIXTURES_H_

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <functional>
#include <future>

#include "fiber/gate.h"
#include "fiber/sanitizer.h"
#include "preempt/executor.h"
#include "support/wait.h"

namespace preempt::testing {

class Pipe {
 public:
  Pipe() { is_open_ = pipe(ends_) == 0; }
  ~Pipe() {
    close(ends_[0]);
    close(ends_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int out() const { return ends_[0]; }
  int in() const { return ends_[1]; }
  bool put() const { return is_open_ && write(ends_[1], "x", 1) == 1; }

 private:
  bool is_open_;
  int ends_[2] = {-1, -1};
};

class SocketPair {
 public:
  explicit SocketPair(int type = SOCK_STREAM) { is_open_ = socketpair(AF_UNIX, type, 0, ends_) == 0; }
  ~SocketPair() {
    close(ends_[0]);
    close(ends_[1]);
  }
  SocketPair(const SocketPair&) = delete;
  SocketPair& operator=(const SocketPair&) = delete;

  int mine() const { return ends_[0]; }
  int other() const { return ends_[1]; }
  bool put() const { return is_open_ && write(ends_[1], "x", 1) == 1; }

 private:
  bool is_open_;
  int ends_[2] = {-1, -1};
};

inline timespec from_now(clockid_t clock, std::chrono::seconds later) {
  timespec time = {};
  clock_gettime(clock, &time);
  time.tv_sec += later.count();
  return time;
}

// `call()`, which sleeps until `wake()`, is in a Blocking scope meanwhile, in none afterwards, and says true.
// (Not a template: a hundred calls use it, and each would compile a second longer.)
inline void expect_in_scope(const char* what, const std::function<bool()>& call, const std::function<void()>& wake) {
  SCOPED_TRACE(what);
  Executor executor({.processors = 1});
  std::atomic<fiber::Gate*> gate = nullptr;
  std::future<bool> good = executor.submit([&] {
    gate.store(fiber::current_gate());
    return call();
  });
  const auto is_in_scope = [&] { return gate.load() != nullptr && gate.load()->blocking.load() == 1; };
  EXPECT_TRUE(eventually(is_in_scope, std::chrono::seconds(10)));
  wake();
  EXPECT_TRUE(good.get());
  executor.drain();
  EXPECT_EQ(gate.load()->blocking.load(), 0u);
}

// The same for a call that ends by its own timeout.
inline void expect_in_scope(const char* what, const std::function<bool()>& call) {
  expect_in_scope(what, call, [] {});
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FIXTURES_H_
