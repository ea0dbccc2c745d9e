// System calls that a signal handler cuts short even with SA_RESTART (signal(7)): beside hogs, at a 100 us slice, none
// of them fails with EINTR, sleeps less than asked or loses what it waits for.
//
// Each task computes for about a slice before each call, since a request that was sent while the task computed arrives
// when it has just gone to sleep. The calls are libc's functions, whose call sites the handler can read.
#include <gtest/gtest.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <string>

#include "preempt/executor.h"
#include "support/hogs.h"
#include "support/scale.h"
#include "support/seed.h"

namespace preempt {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using testing::cpu_time;
using testing::Hogs;
using testing::scaled;

// What all calls of one kind did.
struct Count {
  std::atomic<int> calls = 0;
  std::atomic<int> interrupted = 0;  // EINTR
  std::atomic<int> early = 0;        // a timeout before its time
  std::atomic<int> wrong = 0;        // another error, or wrong data
};

timespec to_timespec(nanoseconds time) { return {time.count() / 1'000'000'000, time.count() % 1'000'000'000}; }

// A call that must sleep for `asked` by `clock` and then be as `is_timeout` says of its result and errno.
template <class Call, class IsTimeout>
void expect_timeout(Count& count, nanoseconds asked, clockid_t clock, Call call, IsTimeout is_timeout) {
  const nanoseconds start = cpu_time(clock);
  errno = 0;
  const long result = call();
  const int error = errno;
  const nanoseconds slept = cpu_time(clock) - start;
  ++count.calls;
  if (error == EINTR) {
    ++count.interrupted;
  } else if (!is_timeout(result, error)) {
    ++count.wrong;
  } else if (slept < asked) {
    ++count.early;
  }
}

bool is_zero(long result, int) { return result == 0; }

void call_epoll_wait(Count& count) {
  const int epoll = epoll_create1(0);
  epoll_event event = {};
  expect_timeout(
      count, milliseconds(2), CLOCK_MONOTONIC, [&] { return epoll_wait(epoll, &event, 1, 2); }, is_zero);
  close(epoll);
}

void call_epoll_pwait(Count& count) {
  const int epoll = epoll_create1(0);
  epoll_event event = {};
  expect_timeout(
      count, milliseconds(1), CLOCK_MONOTONIC, [&] { return epoll_pwait(epoll, &event, 1, 1, nullptr); }, is_zero);
  close(epoll);
}

void call_poll(Count& count) {
  expect_timeout(
      count, milliseconds(1), CLOCK_MONOTONIC, [] { return poll(nullptr, 0, 1); }, is_zero);
}

void call_ppoll(Count& count) {
  const timespec timeout = to_timespec(microseconds(700));
  expect_timeout(
      count, microseconds(700), CLOCK_MONOTONIC, [&] { return ppoll(nullptr, 0, &timeout, nullptr); }, is_zero);
}

void call_select(Count& count) {
  timeval timeout = {0, 800};
  expect_timeout(
      count, microseconds(800), CLOCK_MONOTONIC, [&] { return select(0, nullptr, nullptr, nullptr, &timeout); },
      is_zero);
}

void call_pselect(Count& count) {
  const timespec timeout = to_timespec(microseconds(600));
  expect_timeout(
      count, microseconds(600), CLOCK_MONOTONIC,
      [&] { return pselect(0, nullptr, nullptr, nullptr, &timeout, nullptr); }, is_zero);
}

void call_nanosleep(Count& count) {
  const timespec time = to_timespec(microseconds(300));
  expect_timeout(
      count, microseconds(300), CLOCK_MONOTONIC, [&] { return nanosleep(&time, nullptr); }, is_zero);
}

void call_clock_nanosleep(Count& count) {
  timespec deadline = to_timespec(cpu_time(CLOCK_MONOTONIC) + microseconds(300));
  // Returns the error, and leaves errno alone.
  const auto call = [&] { return errno = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, nullptr); };
  expect_timeout(count, nanoseconds(0), CLOCK_MONOTONIC, call, is_zero);
  if (cpu_time(CLOCK_MONOTONIC) < nanoseconds(deadline.tv_sec * 1'000'000'000 + deadline.tv_nsec)) ++count.early;
}

void call_sem_timedwait(Count& count) {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const timespec deadline = to_timespec(cpu_time(CLOCK_REALTIME) + microseconds(500));
  const auto is_timeout = [](long result, int error) { return result == -1 && error == ETIMEDOUT; };
  expect_timeout(
      count, nanoseconds(0), CLOCK_REALTIME, [&] { return sem_timedwait(&semaphore, &deadline); }, is_timeout);
  sem_destroy(&semaphore);
}

// Never given.
class Semaphore {
 public:
  Semaphore() : id_(semget(IPC_PRIVATE, 1, 0600)) {}
  ~Semaphore() { semctl(id_, 0, IPC_RMID); }
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  int take(const timespec& timeout) const {
    sembuf one = {0, -1, 0};
    return semtimedop(id_, &one, 1, &timeout);
  }

 private:
  int id_;
};

void call_semtimedop(Count& count) {
  static const Semaphore semaphore;
  const timespec timeout = to_timespec(microseconds(600));
  const auto is_timeout = [](long result, int error) { return result == -1 && error == EAGAIN; };
  expect_timeout(
      count, microseconds(600), CLOCK_MONOTONIC, [&] { return semaphore.take(timeout); }, is_timeout);
}

// A socket on which nothing arrives, with a timeout, which takes its calls out of SA_RESTART's cover.
template <class Receive>
void receive_nothing(Count& count, Receive receive) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) != 0) return;
  // The kernel counts this timeout in ticks, of at most 10 ms, and a wake-up on the way may take one off.
  const timeval timeout = {0, 12000};
  setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  const auto is_timeout = [](long result, int error) { return result == -1 && error == EAGAIN; };
  expect_timeout(
      count, milliseconds(2), CLOCK_MONOTONIC, [&] { return receive(pair[0]); }, is_timeout);
  close(pair[0]);
  close(pair[1]);
}

void call_recv(Count& count) {
  receive_nothing(count, [byte = ' '](int socket) mutable { return recv(socket, &byte, 1, 0); });
}

void call_recvfrom(Count& count) {
  receive_nothing(count, [byte = ' '](int socket) mutable { return recvfrom(socket, &byte, 1, 0, nullptr, nullptr); });
}

void call_recvmmsg(Count& count) {
  mmsghdr message = {};
  receive_nothing(count, [&](int socket) { return recvmmsg(socket, &message, 1, 0, nullptr); });
}

void call_read_of_socket(Count& count) {
  receive_nothing(count, [byte = ' '](int socket) mutable { return read(socket, &byte, 1); });
}

// A thread outside the pool answers each request after a moment, through the same kind of channel. `receive` is done
// again after an EINTR, so that the next question gets its own answer.
template <class Receive, class IsRight>
void expect_answer(Count& count, bool asked, Receive receive, IsRight is_right) {
  ++count.calls;
  long size = receive();
  while (size == -1 && errno == EINTR) {
    ++count.interrupted;
    size = receive();
  }
  if (!asked || !is_right(size)) ++count.wrong;
}

class PipeEcho {
 public:
  PipeEcho() {
    if (pipe(question_) != 0 || pipe(answer_) != 0) std::abort();
    thread_ = std::thread([this] {
      int number;
      while (read(question_[0], &number, sizeof number) == sizeof number) {
        std::this_thread::sleep_for(microseconds(300));
        ++number;
        if (write(answer_[1], &number, sizeof number) != sizeof number) return;
      }
    });
  }
  ~PipeEcho() {
    close(question_[1]);
    thread_.join();
    for (const int file : {question_[0], answer_[0], answer_[1]}) close(file);
  }

  void ask(Count& count) {
    int number = ++last_asked_;
    const bool asked = write(question_[1], &number, sizeof number) == sizeof number;
    expect_answer(
        count, asked, [&] { return read(answer_[0], &number, sizeof number); },
        [&](long size) { return size == sizeof number && number == last_asked_ + 1; });
  }

 private:
  int question_[2], answer_[2];
  int last_asked_ = 0;
  std::thread thread_;
};

class MessageEcho {
 public:
  MessageEcho() : queue_(msgget(IPC_PRIVATE, 0600)) {
    if (queue_ == -1) std::abort();
    thread_ = std::thread([this] {
      Message message;
      while (msgrcv(queue_, &message, sizeof message.number, kQuestion, 0) >= 0) {
        std::this_thread::sleep_for(microseconds(300));
        message = {kAnswer, message.number + 1};
        msgsnd(queue_, &message, sizeof message.number, 0);
      }
    });
  }
  ~MessageEcho() {
    msgctl(queue_, IPC_RMID, nullptr);
    thread_.join();
  }

  void ask(Count& count) {
    Message message = {kQuestion, ++last_asked_};
    const bool asked = msgsnd(queue_, &message, sizeof message.number, 0) == 0;
    expect_answer(
        count, asked, [&] { return msgrcv(queue_, &message, sizeof message.number, kAnswer, 0); },
        [&](long size) { return size == sizeof message.number && message.number == last_asked_ + 1; });
  }

 private:
  static constexpr long kQuestion = 1, kAnswer = 2;
  struct Message {
    long type;
    int number;
  };
  int queue_;
  int last_asked_ = 0;
  std::thread thread_;
};

struct Kind {
  const char* name;
  std::function<void(Count&)> call;
  Count count = {};
};

// One task: random bursts of about a slice, a call after each.
void compute_and_call(Kind& kind, const std::atomic<bool>& stop, std::uint64_t seed) {
  testing::Random random(seed);
  while (!stop) {
    testing::busy_for(microseconds(random.below(200)));
    kind.call(kind.count);
  }
}

class SyscallsAsync : public ::testing::TestWithParam<int> {};

TEST_P(SyscallsAsync, AreNotCutShort) {
  PipeEcho pipe_echo;
  MessageEcho message_echo;
  Kind kinds[] = {
      {"epoll_wait", call_epoll_wait},
      {"epoll_pwait", call_epoll_pwait},
      {"poll", call_poll},
      {"ppoll", call_ppoll},
      {"select", call_select},
      {"pselect", call_pselect},
      {"nanosleep", call_nanosleep},
      {"clock_nanosleep", call_clock_nanosleep},
      {"sem_timedwait", call_sem_timedwait},
      {"semtimedop", call_semtimedop},
      {"recv of a socket", call_recv},
      {"recvfrom of a socket", call_recvfrom},
      {"recvmmsg of a socket", call_recvmmsg},
      {"read of a socket", call_read_of_socket},
      {"read of a pipe", [&](Count& count) { pipe_echo.ask(count); }},
      {"msgrcv", [&](Count& count) { message_echo.ask(count); }},
  };
  std::atomic<bool> stop = false;
  const std::uint64_t seed = testing::choose_seed();
  Executor executor({.processors = GetParam(), .time_slice = microseconds(100)});
  {
    Hogs hogs(executor, 4);
    std::uint64_t task = 0;
    for (Kind& kind : kinds) {
      executor.execute([&, own_seed = seed + task++] { compute_and_call(kind, stop, own_seed); });
    }
    std::this_thread::sleep_for(milliseconds(scaled(6000)));
    // However slow the machine: each kind was called some times.
    EXPECT_TRUE(testing::eventually([&] {
      for (const Kind& kind : kinds) {
        if (kind.count.calls < 5) return false;
      }
      return true;
    }));
    stop = true;
  }
  executor.drain();
  for (const Kind& kind : kinds) {
    std::printf("%-22s %6d calls\n", kind.name, kind.count.calls.load());
    EXPECT_EQ(kind.count.interrupted, 0) << kind.name;
    EXPECT_EQ(kind.count.early, 0) << kind.name;
    EXPECT_EQ(kind.count.wrong, 0) << kind.name;
  }
  const Stats stats = executor.stats();
  std::printf("%llu signals, %llu calls rewound\n", static_cast<unsigned long long>(stats.signals_sent),
              static_cast<unsigned long long>(stats.verdict(Verdict::kCallRewound)));
  EXPECT_GT(stats.signals_sent, 0u);
  EXPECT_EQ(stats.verdict(Verdict::kCallUnreadable), 0u);
}

INSTANTIATE_TEST_SUITE_P(Processors, SyscallsAsync, ::testing::Values(1, 2));

}  // namespace
}  // namespace preempt
