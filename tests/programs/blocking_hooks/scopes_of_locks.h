// A worker that sleeps in a hooked call for a lock, a thread or a future is in a Blocking scope.
#ifndef PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_OF_LOCKS_H_
#define PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_OF_LOCKS_H_

#include <pthread.h>
#include <semaphore.h>
#include <threads.h>

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "programs/blocking_hooks/scopes.h"

namespace preempt::testing {

TEST_F(BlockingHooksScope, Semaphores) {
  sem_t semaphore;
  ASSERT_EQ(sem_init(&semaphore, 0, 0), 0);
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const timespec steady = from_now(CLOCK_MONOTONIC, seconds(30));
  const auto post = [&] { sem_post(&semaphore); };
  expect_in_scope("sem_wait", [&] { return sem_wait(&semaphore) == 0; }, post);
  expect_in_scope("sem_timedwait", [&] { return sem_timedwait(&semaphore, &deadline) == 0; }, post);
  expect_in_scope("sem_clockwait", [&] { return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &steady) == 0; }, post);
  sem_destroy(&semaphore);
}

TEST_F(BlockingHooksScope, Mutexes) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  mtx_t other;
  ASSERT_EQ(mtx_init(&other, mtx_timed), thrd_success);
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const timespec steady = from_now(CLOCK_MONOTONIC, seconds(30));
  const auto unlock = [&] { pthread_mutex_unlock(&mutex); };
  const auto unlock_other = [&] { mtx_unlock(&other); };
  const auto expect_lock = [&](const char* what, auto lock) {
    pthread_mutex_lock(&mutex);
    mtx_lock(&other);
    expect_in_scope(what, [&] { return lock() && (unlock(), true); }, [&] { unlock(), unlock_other(); });
  };
  expect_lock("pthread_mutex_lock", [&] { return pthread_mutex_lock(&mutex) == 0; });
  expect_lock("pthread_mutex_timedlock", [&] { return pthread_mutex_timedlock(&mutex, &deadline) == 0; });
  expect_lock("pthread_mutex_clocklock",
              [&] { return pthread_mutex_clocklock(&mutex, CLOCK_MONOTONIC, &steady) == 0; });
  const auto lock_both = [&](bool locked) { return locked && (unlock_other(), pthread_mutex_lock(&mutex) == 0); };
  expect_lock("mtx_lock", [&] { return lock_both(mtx_lock(&other) == thrd_success); });
  expect_lock("mtx_timedlock", [&] { return lock_both(mtx_timedlock(&other, &deadline) == thrd_success); });
  mtx_destroy(&other);
}

TEST_F(BlockingHooksScope, ReadWriteLocks) {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const timespec steady = from_now(CLOCK_MONOTONIC, seconds(30));
  const auto unlock = [&] { return pthread_rwlock_unlock(&lock) == 0; };
  const auto expect_lock = [&](const char* what, auto take) {
    pthread_rwlock_wrlock(&lock);
    expect_in_scope(what, [&] { return take() == 0 && unlock(); }, unlock);
  };
  expect_lock("pthread_rwlock_rdlock", [&] { return pthread_rwlock_rdlock(&lock); });
  expect_lock("pthread_rwlock_wrlock", [&] { return pthread_rwlock_wrlock(&lock); });
  expect_lock("pthread_rwlock_timedrdlock", [&] { return pthread_rwlock_timedrdlock(&lock, &deadline); });
  expect_lock("pthread_rwlock_timedwrlock", [&] { return pthread_rwlock_timedwrlock(&lock, &deadline); });
  expect_lock("pthread_rwlock_clockrdlock",
              [&] { return pthread_rwlock_clockrdlock(&lock, CLOCK_MONOTONIC, &steady); });
  expect_lock("pthread_rwlock_clockwrlock",
              [&] { return pthread_rwlock_clockwrlock(&lock, CLOCK_MONOTONIC, &steady); });
}

TEST_F(BlockingHooksScope, ConditionVariablesAndBarriers) {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
  bool go = false;
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const timespec steady = from_now(CLOCK_MONOTONIC, seconds(30));
  const auto set = [&] {
    pthread_mutex_lock(&mutex);
    go = true;
    pthread_mutex_unlock(&mutex);
    pthread_cond_signal(&changed);
  };
  const auto expect_wait = [&](const char* what, auto wait_once) {
    go = false;
    const auto wait_for_it = [&] {
      pthread_mutex_lock(&mutex);
      int error = 0;
      while (!go && error == 0) error = wait_once();
      pthread_mutex_unlock(&mutex);
      return error == 0;
    };
    expect_in_scope(what, wait_for_it, set);
  };
  expect_wait("pthread_cond_wait", [&] { return pthread_cond_wait(&changed, &mutex); });
  expect_wait("pthread_cond_timedwait", [&] { return pthread_cond_timedwait(&changed, &mutex, &deadline); });
  expect_wait("pthread_cond_clockwait",
              [&] { return pthread_cond_clockwait(&changed, &mutex, CLOCK_MONOTONIC, &steady); });

  pthread_barrier_t barrier;
  ASSERT_EQ(pthread_barrier_init(&barrier, nullptr, 2), 0);
  const auto pass = [&] {
    const int result = pthread_barrier_wait(&barrier);
    return result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD;
  };
  expect_in_scope("pthread_barrier_wait", pass, [&] { EXPECT_TRUE(pass()); });
  pthread_barrier_destroy(&barrier);
}

TEST_F(BlockingHooksScope, ThreadsOfC11) {
  mtx_t mutex;
  cnd_t changed;
  ASSERT_EQ(mtx_init(&mutex, mtx_plain), thrd_success);
  ASSERT_EQ(cnd_init(&changed), thrd_success);
  bool go = false;
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const auto expect_wait = [&](const char* what, auto wait_once) {
    go = false;
    const auto wait_for_it = [&] {
      mtx_lock(&mutex);
      int error = thrd_success;
      while (!go && error == thrd_success) error = wait_once();
      mtx_unlock(&mutex);
      return error == thrd_success;
    };
    expect_in_scope(what, wait_for_it, [&] {
      mtx_lock(&mutex);
      go = true;
      mtx_unlock(&mutex);
      cnd_signal(&changed);
    });
  };
  expect_wait("cnd_wait", [&] { return cnd_wait(&changed, &mutex); });
  expect_wait("cnd_timedwait", [&] { return cnd_timedwait(&changed, &mutex, &deadline); });
  cnd_destroy(&changed);
  mtx_destroy(&mutex);
}

// A thread that ends when `wake()` is called.
class Sleeper {
 public:
  Sleeper() { is_running_ = pthread_create(&thread_, nullptr, &Sleeper::sleep_until_woken, this) == 0; }
  pthread_t thread() const { return thread_; }
  bool is_running() const { return is_running_; }
  void wake() const { EXPECT_TRUE(end_.put()); }

 private:
  static void* sleep_until_woken(void* self) {
    char byte;
    return read(static_cast<Sleeper*>(self)->end_.out(), &byte, 1) == 1 ? self : nullptr;
  }

  Pipe end_;
  bool is_running_ = false;
  pthread_t thread_ = {};
};

template <class Join>
void expect_join_in_scope(const char* what, Join join) {
  Sleeper sleeper;
  ASSERT_TRUE(sleeper.is_running());
  void* result = nullptr;
  expect_in_scope(what, [&] { return join(sleeper.thread(), &result) == 0; }, [&] { sleeper.wake(); });
  EXPECT_EQ(result, &sleeper);
}

TEST_F(BlockingHooksScope, Joining) {
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const timespec steady = from_now(CLOCK_MONOTONIC, seconds(30));
  expect_join_in_scope("pthread_join", [](pthread_t thread, void** result) { return pthread_join(thread, result); });
  expect_join_in_scope("pthread_timedjoin_np", [&](pthread_t thread, void** result) {
    return pthread_timedjoin_np(thread, result, &deadline);
  });
  expect_join_in_scope("pthread_clockjoin_np", [&](pthread_t thread, void** result) {
    return pthread_clockjoin_np(thread, result, CLOCK_MONOTONIC, &steady);
  });
}

TEST_F(BlockingHooksScope, StdFuture) {
  for (const bool timed : {false, true}) {
    std::promise<int> promise;
    std::future<int> future = promise.get_future();
    const auto wait_for_it = [&] {
      return (!timed || future.wait_for(seconds(30)) == std::future_status::ready) && future.get() == 42;
    };
    expect_in_scope(timed ? "wait_for" : "get", wait_for_it, [&] { promise.set_value(42); });
  }
  std::promise<int> promise;
  std::future<int> future = promise.get_future();
  const auto deadline = std::chrono::system_clock::now() + seconds(30);
  expect_in_scope("wait_until", [&] { return future.wait_until(deadline) == std::future_status::ready; },
                  [&] { promise.set_value(42); });
}

TEST_F(BlockingHooksScope, StdMutex) {
  std::mutex mutex;
  mutex.lock();
  const auto lock = [&] {
    const std::lock_guard hold(mutex);
    return true;
  };
  expect_in_scope("std::mutex", lock, [&] { mutex.unlock(); });
}

// In a shared libstdc++ the call is not in the program, and no option of its linker reaches it.
#ifndef PREEMPT_TEST_WRAPS_PROGRAM_ONLY
TEST_F(BlockingHooksScope, StdConditionVariableAndThread) {
  std::mutex mutex;
  std::condition_variable changed;
  bool go = false;
  const auto wait_for_it = [&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return go; });
    return true;
  };
  const auto set = [&] {
    const std::lock_guard hold(mutex);
    go = true;
    changed.notify_all();
  };
  expect_in_scope("std::condition_variable", wait_for_it, set);

  Pipe end;
  std::thread thread([&] {
    char byte;
    EXPECT_EQ(read(end.out(), &byte, 1), 1);
  });
  const auto join = [&] {
    thread.join();
    return true;
  };
  expect_in_scope("std::thread::join", join, [&] { EXPECT_TRUE(end.put()); });
}
#endif

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_OF_LOCKS_H_
