// A thread outside the pool that sleeps in a hooked call can be cancelled: destructors and cleanup handlers run.
#ifndef PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_CANCELLATION_H_
#define PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_CANCELLATION_H_

#include <functional>
#include <thread>
#include <utility>

#include "fiber/sanitizer.h"
#include "hooks/libc.h"
#include "programs/blocking_hooks/fixtures.h"

namespace preempt::testing {

// A thread that calls `body`.
class Victim {
 public:
  explicit Victim(std::function<void()> body) : body_(std::move(body)) {
    started_ = pthread_create(&thread_, nullptr, &Victim::main, this) == 0;
  }
  bool started() const { return started_; }
  pthread_t thread() const { return thread_; }

  // Whether it ended by cancellation, having run its cleanup handler and its destructors.
  bool dies_of_cancellation() {
    eventually([&] { return is_inside_.load(); });
    std::this_thread::sleep_for(std::chrono::milliseconds(5));  // mostly asleep then; early is good too
    void* result = nullptr;
    return pthread_cancel(thread_) == 0 && pthread_join(thread_, &result) == 0 && result == PTHREAD_CANCELED &&
           cleaned_up_ && destroyed_;
  }

 private:
  struct SetsFlag {
    ~SetsFlag() { *flag = true; }
    bool* flag;
  };

  static void* main(void* argument) {
    auto& self = *static_cast<Victim*>(argument);
    const SetsFlag outer = {&self.destroyed_};
    pthread_cleanup_push([](void* flag) { *static_cast<bool*>(flag) = true; }, &self.cleaned_up_);
    self.is_inside_ = true;
    self.body_();
    pthread_cleanup_pop(0);
    return nullptr;
  }

  std::function<void()> body_;
  std::atomic<bool> is_inside_ = false;
  bool started_ = false, cleaned_up_ = false, destroyed_ = false;
  pthread_t thread_ = {};
};

inline void expect_cancelled(const char* what, const std::function<void()>& body) {
  Victim victim(body);
  ASSERT_TRUE(victim.started()) << what;
  EXPECT_TRUE(victim.dies_of_cancellation()) << what;
}

class BlockingHooksCancellation : public ::testing::Test {
  void SetUp() override {
#ifdef PREEMPT_ASAN
    GTEST_SKIP() << "ASan clears the shadow of unwound frames for exceptions only, not for pthread_cancel(3)";
#endif
  }
};

TEST_F(BlockingHooksCancellation, UnwindsThroughTheCall) {
  Pipe pipe;
  SocketPair pair;
  char byte;
  pollfd wanted = {pipe.out(), POLLIN, 0};
  const timespec long_time = {30, 0};
  sem_t semaphore;
  ASSERT_EQ(sem_init(&semaphore, 0, 0), 0);
  sigset_t nothing;
  sigemptyset(&nothing);
  expect_cancelled("read", [&] { static_cast<void>(!read(pipe.out(), &byte, 1)); });
  expect_cancelled("recv", [&] { recv(pair.mine(), &byte, 1, 0); });
  expect_cancelled("poll", [&] { poll(&wanted, 1, -1); });
  expect_cancelled("nanosleep", [&] { nanosleep(&long_time, nullptr); });
  expect_cancelled("pause", [] { pause(); });
  expect_cancelled("sigwait", [&] {
    int number;
    sigwait(&nothing, &number);
  });
  expect_cancelled("sem_wait", [&] { sem_wait(&semaphore); });
  sem_destroy(&semaphore);
}

TEST_F(BlockingHooksCancellation, ConditionVariableGetsItsMutexBack) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t never = PTHREAD_COND_INITIALIZER;
  struct Unlock {
    ~Unlock() { error = pthread_mutex_unlock(mutex); }
    pthread_mutex_t* mutex;
    int& error;
  };
  int error = -1;
  expect_cancelled("pthread_cond_wait", [&] {
    pthread_mutex_lock(&mutex);
    const Unlock unlock = {&mutex, error};
    for (;;) pthread_cond_wait(&never, &mutex);
  });
  EXPECT_EQ(error, 0);
  EXPECT_EQ(pthread_mutex_lock(&mutex), 0);
  EXPECT_EQ(pthread_mutex_unlock(&mutex), 0);
}

TEST_F(BlockingHooksCancellation, Asynchronous) {
#if defined(PREEMPT_TSAN) || defined(__clang__) || !defined(__OPTIMIZE__)
  GTEST_SKIP() << "this build's tables let no unwinding begin between two calls: C++ promises nothing for it";
#endif
  Pipe pipe;
  expect_cancelled("read", [&] {
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
    char byte;
    static_cast<void>(!read(pipe.out(), &byte, 1));
  });
  // At any instruction of the hooks.
  for (int i = 0; i < 50; ++i) {
    expect_cancelled("poll again and again", [&] {
      pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, nullptr);
      for (;;) poll(nullptr, 0, 0);
    });
  }
}

TEST_F(BlockingHooksCancellation, DisabledIsKept) {
  Pipe pipe;
  bool is_read = false;
  Victim victim([&] {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, nullptr);
    char byte;
    is_read = read(pipe.out(), &byte, 1) == 1;
  });
  ASSERT_TRUE(victim.started());
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_EQ(pthread_cancel(victim.thread()), 0);
  ASSERT_TRUE(pipe.put());
  void* result = nullptr;
  EXPECT_EQ(pthread_join(victim.thread(), &result), 0);
  EXPECT_TRUE(is_read);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_CANCELLATION_H_
