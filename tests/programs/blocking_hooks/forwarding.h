// A hooked call answers as libc's does, on a worker and off it: result, errno, short counts.
#ifndef PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FORWARDING_H_
#define PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FORWARDING_H_

#include <sys/uio.h>

#include <cstdio>
#include <functional>
#include <string>
#include <thread>

#include "programs/blocking_hooks/fixtures.h"
#include "hooks/libc.h"

namespace preempt::testing {

enum class Where { kThread, kWorker };

class BlockingHooksForwarding : public ::testing::TestWithParam<Where> {
 protected:
  void run(const std::function<void()>& body) {
    if (GetParam() == Where::kThread) return body();
    Executor executor({.processors = 1});
    executor.submit(body).get();
  }
};

inline constexpr int kUntouched = 12345;

// -1 and the error.
inline void expect_error(const char* what, int error, const std::function<long()>& call) {
  errno = kUntouched;
  EXPECT_EQ(call(), -1) << what;
  EXPECT_EQ(errno, error) << what;
}

// The result, and errno as before.
inline void expect_result(const char* what, long result, const std::function<long()>& call) {
  errno = kUntouched;
  EXPECT_EQ(call(), result) << what;
  EXPECT_EQ(errno, kUntouched) << what;
}

TEST_P(BlockingHooksForwarding, BadDescriptor) {
  run([] {
    char byte = 0;
    iovec part = {&byte, 1};
    msghdr message = {};
    mmsghdr messages = {};
    epoll_event event = {};
    const timespec now = {};
    const auto expect_bad = [](const char* what, const std::function<long()>& call) {
      expect_error(what, EBADF, call);
    };
    expect_bad("read", [&] { return read(-1, &byte, 1); });
    expect_bad("__read_chk", [&] { return __read_chk(-1, &byte, 1, 1); });
    expect_bad("pread", [&] { return pread(-1, &byte, 1, 0); });
    expect_bad("__pread_chk", [&] { return __pread_chk(-1, &byte, 1, 0, 1); });
    expect_bad("pread64", [&] { return pread64(-1, &byte, 1, 0); });
    expect_bad("__pread64_chk", [&] { return __pread64_chk(-1, &byte, 1, 0, 1); });
    expect_bad("readv", [&] { return readv(-1, &part, 1); });
    expect_bad("preadv", [&] { return preadv(-1, &part, 1, 0); });
    expect_bad("preadv64", [&] { return preadv64(-1, &part, 1, 0); });
    expect_bad("preadv2", [&] { return preadv2(-1, &part, 1, 0, 0); });
    expect_bad("preadv64v2", [&] { return preadv64v2(-1, &part, 1, 0, 0); });
    expect_bad("write", [&] { return write(-1, &byte, 1); });
    expect_bad("pwrite", [&] { return pwrite(-1, &byte, 1, 0); });
    expect_bad("pwrite64", [&] { return pwrite64(-1, &byte, 1, 0); });
    expect_bad("writev", [&] { return writev(-1, &part, 1); });
    expect_bad("pwritev", [&] { return pwritev(-1, &part, 1, 0); });
    expect_bad("pwritev64", [&] { return pwritev64(-1, &part, 1, 0); });
    expect_bad("pwritev2", [&] { return pwritev2(-1, &part, 1, 0, 0); });
    expect_bad("pwritev64v2", [&] { return pwritev64v2(-1, &part, 1, 0, 0); });
    expect_bad("sendfile", [&] { return sendfile(-1, -1, nullptr, 1); });
    expect_bad("sendfile64", [&] { return sendfile64(-1, -1, nullptr, 1); });
    expect_bad("splice", [&] { return splice(-1, nullptr, -1, nullptr, 1, 0); });
    expect_bad("tee", [&] { return tee(-1, -1, 1, 0); });
    expect_bad("vmsplice", [&] { return vmsplice(-1, &part, 1, 0); });
    expect_bad("copy_file_range", [&] { return copy_file_range(-1, nullptr, -1, nullptr, 1, 0); });
    expect_bad("recv", [&] { return recv(-1, &byte, 1, 0); });
    expect_bad("__recv_chk", [&] { return __recv_chk(-1, &byte, 1, 1, 0); });
    expect_bad("recvfrom", [&] { return recvfrom(-1, &byte, 1, 0, nullptr, nullptr); });
    expect_bad("__recvfrom_chk", [&] { return __recvfrom_chk(-1, &byte, 1, 1, 0, nullptr, nullptr); });
    expect_bad("recvmsg", [&] { return recvmsg(-1, &message, 0); });
    expect_bad("recvmmsg", [&] { return recvmmsg(-1, &messages, 1, 0, nullptr); });
    expect_bad("send", [&] { return send(-1, &byte, 1, 0); });
    expect_bad("sendto", [&] { return sendto(-1, &byte, 1, 0, nullptr, 0); });
    expect_bad("sendmsg", [&] { return sendmsg(-1, &message, 0); });
    expect_bad("sendmmsg", [&] { return sendmmsg(-1, &messages, 1, 0); });
    expect_bad("accept", [&] { return accept(-1, nullptr, nullptr); });
    expect_bad("accept4", [&] { return accept4(-1, nullptr, nullptr, 0); });
    expect_bad("connect", [&] { return connect(-1, nullptr, 0); });
    expect_bad("epoll_wait", [&] { return epoll_wait(-1, &event, 1, 0); });
    expect_bad("epoll_pwait", [&] { return epoll_pwait(-1, &event, 1, 0, nullptr); });
#if __GLIBC_PREREQ(2, 35)
    expect_bad("epoll_pwait2", [&] { return epoll_pwait2(-1, &event, 1, &now, nullptr); });
#endif
    expect_bad("fsync", [&] { return fsync(-1); });
    expect_bad("fdatasync", [&] { return fdatasync(-1); });
    expect_bad("syncfs", [&] { return syncfs(-1); });
    expect_bad("sync_file_range", [&] { return sync_file_range(-1, 0, 0, 0); });
    expect_bad("flock", [&] { return flock(-1, LOCK_SH); });
    expect_bad("lockf", [&] { return lockf(-1, F_LOCK, 0); });
    expect_bad("lockf64", [&] { return lockf64(-1, F_LOCK, 0); });
    expect_bad("tcdrain", [&] { return tcdrain(-1); });
    expect_bad("mq_receive", [&] { return mq_receive(-1, &byte, 1, nullptr); });
    expect_bad("mq_timedreceive", [&] { return mq_timedreceive(-1, &byte, 1, nullptr, &now); });
    expect_bad("mq_send", [&] { return mq_send(-1, &byte, 1, 0); });
    expect_bad("mq_timedsend", [&] { return mq_timedsend(-1, &byte, 1, 0, &now); });
  });
}

TEST_P(BlockingHooksForwarding, OtherErrors) {
  run([] {
    const timespec bad = {0, -1}, past = {0, 0};
    sembuf one = {0, -1, 0};
    sigset_t none;
    sigemptyset(&none);
    fd_set set;
    FD_ZERO(&set);
    expect_error("select", EINVAL, [&] { return select(-1, &set, nullptr, nullptr, nullptr); });
    expect_error("pselect", EINVAL, [&] { return pselect(-1, &set, nullptr, nullptr, nullptr, nullptr); });
    pollfd* volatile nowhere = reinterpret_cast<pollfd*>(8);
    expect_error("poll", EFAULT, [&] { return poll(nowhere, 1, 0); });
    expect_error("ppoll", EINVAL, [&] { return ppoll(nullptr, 0, &bad, nullptr); });
    expect_error("msync", EINVAL, [] { return msync(nullptr, 0, -1); });
    expect_error("nanosleep", EINVAL, [&] { return nanosleep(&bad, nullptr); });
    expect_error("wait", ECHILD, [] { return wait(nullptr); });
    expect_error("waitpid", ECHILD, [] { return waitpid(-1, nullptr, 0); });
    expect_error("waitid", ECHILD, [] { return waitid(P_ALL, 0, nullptr, WEXITED); });
    expect_error("wait3", ECHILD, [] { return wait3(nullptr, 0, nullptr); });
    expect_error("wait4", ECHILD, [] { return wait4(-1, nullptr, 0, nullptr); });
    expect_error("sigtimedwait", EAGAIN, [&] { return sigtimedwait(&none, nullptr, &past); });
    expect_error("msgrcv", EINVAL, [] { return msgrcv(-1, nullptr, 0, 0, 0); });
    expect_error("msgsnd", EINVAL, [&] {
      const long type = 1;
      return msgsnd(-1, &type, 0, 0);
    });
    expect_error("semop", EINVAL, [&] { return semop(-1, &one, 1); });
    expect_error("semtimedop", EINVAL, [&] { return semtimedop(-1, &one, 1, &past); });
    // Error numbers as results.
    expect_result("clock_nanosleep", EINVAL, [&] { return clock_nanosleep(CLOCK_MONOTONIC, 0, &bad, nullptr); });
#ifndef PREEMPT_TSAN  // its runtime stops where a thread joins itself
    expect_result("pthread_join", EDEADLK, [] { return pthread_join(pthread_self(), nullptr); });
    expect_result("pthread_timedjoin_np", EDEADLK,
                  [&] { return pthread_timedjoin_np(pthread_self(), nullptr, &past); });
    expect_result("pthread_clockjoin_np", EDEADLK,
                  [&] { return pthread_clockjoin_np(pthread_self(), nullptr, CLOCK_MONOTONIC, &past); });
#endif
  });
}

TEST_P(BlockingHooksForwarding, SuccessLeavesErrnoAloneAndCountsAreShort) {
  run([] {
    Pipe pipe;
    char bytes[10];
    iovec part = {bytes, sizeof bytes};
    pollfd wanted = {pipe.out(), POLLIN, 0};
    const timespec no_time = {};
    expect_result("poll", 0, [&] { return poll(&wanted, 1, 0); });
    expect_result("ppoll", 0, [&] { return ppoll(&wanted, 1, &no_time, nullptr); });
    expect_result("write", 3, [&] { return write(pipe.in(), "abc", 3); });
    expect_result("poll", 1, [&] { return poll(&wanted, 1, -1); });
    expect_result("read", 3, [&] { return read(pipe.out(), bytes, sizeof bytes); });
    expect_result("write", 2, [&] { return write(pipe.in(), "de", 2); });
    expect_result("readv", 2, [&] { return readv(pipe.out(), &part, 1); });
    EXPECT_EQ(std::string(bytes, 3), "dec");
    expect_result("nanosleep", 0, [&] { return nanosleep(&no_time, nullptr); });
    expect_result("usleep", 0, [] { return usleep(0); });
    expect_result("sleep", 0, [] { return sleep(0); });
    expect_result("sync", 0, [] { return sync(), 0; });
    std::FILE* file = std::tmpfile();
    ASSERT_NE(file, nullptr);
    const int number = fileno(file);
    expect_result("pwrite", 2, [&] { return pwrite(number, "fg", 2, 4); });
    expect_result("pread", 1, [&] { return pread(number, bytes, sizeof bytes, 5); });
    EXPECT_EQ(bytes[0], 'g');
    expect_result("read at the end", 0, [&] { return pread(number, bytes, sizeof bytes, 100); });
    expect_result("preadv", 6, [&] { return preadv(number, &part, 1, 0); });
    expect_result("fsync", 0, [&] { return fsync(number); });
    expect_result("fdatasync", 0, [&] { return fdatasync(number); });
    expect_result("flock", 0, [&] { return flock(number, LOCK_EX); });
    expect_result("lockf", 0, [&] { return lockf(number, F_LOCK, 1); });
    std::fclose(file);
  });
}

class Mutex {
 public:
  explicit Mutex(int kind, int robust = PTHREAD_MUTEX_STALLED, int protocol = PTHREAD_PRIO_NONE) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, kind);
    pthread_mutexattr_setrobust(&attributes, robust);
    pthread_mutexattr_setprotocol(&attributes, protocol);
    pthread_mutex_init(&mutex_, &attributes);
    pthread_mutexattr_destroy(&attributes);
  }
  ~Mutex() { pthread_mutex_destroy(&mutex_); }
  Mutex(const Mutex&) = delete;
  Mutex& operator=(const Mutex&) = delete;

  pthread_mutex_t* get() { return &mutex_; }
  int lock() { return pthread_mutex_lock(&mutex_); }
  int unlock() { return pthread_mutex_unlock(&mutex_); }

 private:
  pthread_mutex_t mutex_;
};

TEST_P(BlockingHooksForwarding, KindsOfMutexes) {
  run([] {
    const int protocols[] = {PTHREAD_PRIO_NONE, PTHREAD_PRIO_INHERIT};
    for (const int protocol : protocols) {
      SCOPED_TRACE(protocol);
      Mutex checked(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED, protocol);
      expect_result("errorcheck", 0, [&] { return checked.lock(); });
      expect_result("errorcheck, again", EDEADLK, [&] { return checked.lock(); });
      EXPECT_EQ(checked.unlock(), 0);

      Mutex recursive(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED, protocol);
      expect_result("recursive", 0, [&] { return recursive.lock(); });
      expect_result("recursive, again", 0, [&] { return recursive.lock(); });
      EXPECT_EQ(recursive.unlock(), 0);
      EXPECT_EQ(recursive.unlock(), 0);
#ifndef PREEMPT_TSAN  // the mistake that it looks for
      EXPECT_EQ(recursive.unlock(), EPERM);
#endif

      Mutex robust(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST, protocol);
      std::thread([&] { robust.lock(); }).join();
      expect_result("robust", EOWNERDEAD, [&] { return robust.lock(); });
      EXPECT_EQ(robust.unlock(), 0);
      expect_result("not recoverable", ENOTRECOVERABLE, [&] { return robust.lock(); });
    }
  });
}

TEST_P(BlockingHooksForwarding, TimedLocks) {
  run([] {
    const timespec past = {1, 0}, bad = {1, -1};
    Mutex mutex(PTHREAD_MUTEX_NORMAL);
    ASSERT_EQ(mutex.lock(), 0);
    expect_result("timedlock", ETIMEDOUT, [&] { return pthread_mutex_timedlock(mutex.get(), &past); });
    expect_result("clocklock", ETIMEDOUT,
                  [&] { return pthread_mutex_clocklock(mutex.get(), CLOCK_MONOTONIC, &past); });
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    expect_result("timedwait", ETIMEDOUT, [&] { return pthread_cond_timedwait(&never, mutex.get(), &past); });
    expect_result("timedwait", EINVAL, [&] { return pthread_cond_timedwait(&never, mutex.get(), &bad); });
    expect_result("clockwait", ETIMEDOUT,
                  [&] { return pthread_cond_clockwait(&never, mutex.get(), CLOCK_MONOTONIC, &past); });
    EXPECT_EQ(mutex.unlock(), 0);

    pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
    expect_result("free, bad time", EINVAL, [&] { return pthread_rwlock_timedrdlock(&lock, &bad); });
    expect_result("wrlock", 0, [&] { return pthread_rwlock_wrlock(&lock); });
    expect_result("rdlock by the writer", EDEADLK, [&] { return pthread_rwlock_rdlock(&lock); });
    expect_result("wrlock by the writer", EDEADLK, [&] { return pthread_rwlock_wrlock(&lock); });
    EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);
    expect_result("rdlock", 0, [&] { return pthread_rwlock_rdlock(&lock); });
    expect_result("rdlock, again", 0, [&] { return pthread_rwlock_rdlock(&lock); });
    expect_result("timedwrlock", ETIMEDOUT, [&] { return pthread_rwlock_timedwrlock(&lock, &past); });
    EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);
    EXPECT_EQ(pthread_rwlock_unlock(&lock), 0);

    sem_t semaphore;
    ASSERT_EQ(sem_init(&semaphore, 0, 1), 0);
    expect_result("sem_wait", 0, [&] { return sem_wait(&semaphore); });
    expect_error("sem_timedwait", ETIMEDOUT, [&] { return sem_timedwait(&semaphore, &past); });
    expect_error("sem_clockwait", ETIMEDOUT, [&] { return sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past); });
    sem_destroy(&semaphore);
  });
}

TEST_P(BlockingHooksForwarding, FutureThatIsNotReadyInTime) {
  run([] {
    std::promise<int> promise;
    std::future<int> future = promise.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::milliseconds(2)), std::future_status::timeout);
    const auto soon = std::chrono::system_clock::now() + std::chrono::milliseconds(2);
    EXPECT_EQ(future.wait_until(soon), std::future_status::timeout);
    EXPECT_GE(std::chrono::system_clock::now(), soon);
  });
}

INSTANTIATE_TEST_SUITE_P(Everywhere, BlockingHooksForwarding, ::testing::Values(Where::kThread, Where::kWorker),
                         [](const auto& info) { return info.param == Where::kThread ? "OnAThread" : "OnAWorker"; });

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_FORWARDING_H_
