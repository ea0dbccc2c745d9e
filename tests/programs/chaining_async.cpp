// A program that uses SIGURG itself keeps its signals: the executor's handler hands on what it did not ask for, as the
// former handler's flags and mask say, and the former disposition is back when the last executor ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <memory>

#include "preempt/executor.h"
#include "support/child_process.h"
#include "support/hogs.h"
#include "support/scale.h"

namespace preempt {
namespace {

using testing::eventually;
using testing::Hogs;
using testing::scaled;

// glibc adds SA_RESTORER to whatever it installs.
constexpr int kRestorer = 0x04000000;

Options short_slices(int signal = SIGURG) {
  return {.processors = 2, .time_slice = std::chrono::microseconds(100), .signal = signal};
}

// What the application's handler saw.
std::atomic<int> arrived = 0;
std::atomic<int> arrived_from_here = 0;  // kill(2) by this process
std::atomic<int> own_signal_blocked = 0;
std::atomic<int> usr1_blocked = 0;

void note(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  own_signal_blocked += sigismember(&blocked, signal);
  usr1_blocked += sigismember(&blocked, SIGUSR1);
  ++arrived;
}

void plain_handler(int signal) { note(signal); }

void info_handler(int signal, siginfo_t* info, void* context) {
  arrived_from_here += info->si_code == SI_USER && info->si_pid == getpid() && context != nullptr;
  note(signal);
}

struct sigaction plain(int flags = 0) {
  struct sigaction action = {};
  action.sa_handler = plain_handler;
  action.sa_flags = flags;
  return action;
}

struct sigaction with_info(int flags = 0) {
  struct sigaction action = {};
  action.sa_sigaction = info_handler;
  action.sa_flags = SA_SIGINFO | flags;
  return action;
}

struct sigaction special(void (*disposition)(int)) {
  struct sigaction action = {};
  action.sa_handler = disposition;
  return action;
}

struct sigaction disposition_of(int signal) {
  struct sigaction action = {};
  sigaction(signal, nullptr, &action);
  return action;
}

void expect_same(const struct sigaction& one, const struct sigaction& other) {
  EXPECT_EQ(reinterpret_cast<void*>(one.sa_handler), reinterpret_cast<void*>(other.sa_handler));
  EXPECT_EQ(one.sa_flags & ~kRestorer, other.sa_flags & ~kRestorer);
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    EXPECT_EQ(sigismember(&one.sa_mask, signal), sigismember(&other.sa_mask, signal)) << signal;
  }
}

void block_here(int how, int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(how, &set, nullptr);
}

bool blocked_here(int signal) {
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  return sigismember(&blocked, signal) != 0;
}

class ChainingAsync : public ::testing::Test {
 protected:
  void SetUp() override { original_ = disposition_of(SIGURG); }
  void TearDown() override {
    block_here(SIG_UNBLOCK, SIGURG);
    sigaction(SIGURG, &original_, nullptr);
  }

  // The application's disposition, from before the executor.
  static void install(const struct sigaction& action, int signal = SIGURG) {
    ASSERT_EQ(sigaction(signal, &action, nullptr), 0);
    arrived = arrived_from_here = own_signal_blocked = usr1_blocked = 0;
  }

  // Sends one signal after the other to the process, each after the one before arrived.
  static void send_and_await(int count) {
    for (int i = 0; i < count; ++i) {
      const int before = arrived;
      kill(getpid(), SIGURG);
      ASSERT_TRUE(eventually([&] { return arrived != before; })) << "signal " << i << " did not arrive";
    }
  }

  // Half of them on this thread, half on workers that are being preempted by the same signal.
  static void send_everywhere(Executor& executor, int count) {
    send_and_await(count / 2);
    block_here(SIG_BLOCK, SIGURG);
    send_and_await(count - count / 2);
    block_here(SIG_UNBLOCK, SIGURG);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
  }

 private:
  struct sigaction original_ = {};
};

TEST_F(ChainingAsync, HandlerWithInfo) {
  struct sigaction action = with_info(SA_RESTART);
  sigaddset(&action.sa_mask, SIGUSR1);
  install(action);
  const struct sigaction before = disposition_of(SIGURG);
  const int count = scaled(200) + 2;
  {
    Executor executor(short_slices());
    Hogs hogs(executor, 6);
    ASSERT_TRUE(hogs.all_begun());
    send_everywhere(executor, count);
    EXPECT_GE(executor.stats().verdict(Verdict::kNotAsked), static_cast<std::uint64_t>(count / 2));
  }
  EXPECT_EQ(arrived, count) << "more: it got the executor's own signals";
  EXPECT_EQ(arrived_from_here, count);
  EXPECT_EQ(own_signal_blocked, count);
  EXPECT_EQ(usr1_blocked, count);
  EXPECT_FALSE(blocked_here(SIGUSR1));
  expect_same(disposition_of(SIGURG), before);
}

TEST_F(ChainingAsync, PlainHandlerWithoutMask) {
  install(plain());
  const struct sigaction before = disposition_of(SIGURG);
  const int count = scaled(200) + 2;
  {
    Executor executor(short_slices());
    Hogs hogs(executor, 6);
    send_everywhere(executor, count);
  }
  EXPECT_EQ(arrived, count);
  EXPECT_EQ(own_signal_blocked, count);
  EXPECT_EQ(usr1_blocked, 0);
  expect_same(disposition_of(SIGURG), before);
}

TEST_F(ChainingAsync, NodeferLeavesTheSignalOpen) {
  install(plain(SA_NODEFER));
  {
    Executor executor(short_slices());
    Hogs hogs(executor, 6);
    send_everywhere(executor, 20);
  }
  EXPECT_EQ(arrived, 20);
  EXPECT_EQ(own_signal_blocked, 0);
}

TEST_F(ChainingAsync, MaskOfATaskIsBackAfterTheHandler) {
  struct sigaction action = with_info();
  sigfillset(&action.sa_mask);
  install(action);
  Executor executor(short_slices());
  Hogs hogs(executor, 4);
  auto blocked_afterwards = executor.submit([] {
    int result = 0;
    for (int i = 0; i < scaled(100); ++i) {
      raise(SIGURG);
      result += blocked_here(SIGUSR1) || blocked_here(SIGURG);
    }
    return result;
  });
  EXPECT_EQ(blocked_afterwards.get(), 0);
  // The kernel merges one with a request of the executor's that waits for the same thread at that moment.
  EXPECT_GT(arrived, 0);
  EXPECT_LE(arrived, scaled(100));
}

TEST_F(ChainingAsync, ResethandIsCalledOnce) {
  install(with_info(SA_RESETHAND));
  {
    Executor executor(short_slices());
    Hogs hogs(executor, 6);
    send_and_await(1);
    for (int i = 0; i < 20; ++i) {
      kill(getpid(), SIGURG);
      usleep(500);
    }
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
  }
  EXPECT_EQ(arrived, 1);
  EXPECT_EQ(disposition_of(SIGURG).sa_handler, SIG_DFL);
}

TEST_F(ChainingAsync, ResethandNotUsedIsStillThere) {
  install(with_info(SA_RESETHAND));
  const struct sigaction before = disposition_of(SIGURG);
  {
    Executor executor(short_slices());
    Hogs hogs(executor, 6);
    EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
  }
  EXPECT_EQ(arrived, 0);
  expect_same(disposition_of(SIGURG), before);
}

TEST_F(ChainingAsync, IgnoredAndDefaultDoNothing) {
  for (void (*disposition)(int) : {SIG_IGN, SIG_DFL}) {
    install(special(disposition));
    {
      Executor executor(short_slices());
      Hogs hogs(executor, 6);
      ASSERT_TRUE(hogs.all_begun());
      const std::uint64_t not_asked = executor.stats().verdict(Verdict::kNotAsked);
      block_here(SIG_BLOCK, SIGURG);
      EXPECT_TRUE(eventually([&] {
        kill(getpid(), SIGURG);
        return executor.stats().verdict(Verdict::kNotAsked) > not_asked + 20;
      }));
      block_here(SIG_UNBLOCK, SIGURG);
      EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
    }
    EXPECT_EQ(disposition_of(SIGURG).sa_handler, disposition);
  }
}

TEST_F(ChainingAsync, DefaultOfATerminatingSignalTerminates) {
  const auto status = testing::status_of_child([] {
    Executor executor(short_slices(SIGUSR2));
    Hogs hogs(executor, 6);
    if (!testing::more_thread_preemptions(executor, 100)) _exit(1);
    kill(getpid(), SIGUSR2);
    sleep(20);
    _exit(2);
  });
  EXPECT_TRUE(status && WIFSIGNALED(*status) && WTERMSIG(*status) == SIGUSR2) << testing::ending(status);
}

TEST_F(ChainingAsync, RestoredByTheLastExecutor) {
  install(with_info());
  const struct sigaction before = disposition_of(SIGURG);
  auto first = std::make_unique<Executor>(short_slices());
  auto second = std::make_unique<Executor>(short_slices());
  {
    const Hogs hogs_of_first(*first, 4);
    const Hogs hogs_of_second(*second, 4);
    EXPECT_TRUE(testing::more_thread_preemptions(*first, 100));
    EXPECT_TRUE(testing::more_thread_preemptions(*second, 100));
    send_everywhere(*first, 20);
  }
  first.reset();
  EXPECT_NE(disposition_of(SIGURG).sa_sigaction, before.sa_sigaction) << "restored under the second executor";
  {
    const Hogs hogs_of_second(*second, 4);
    EXPECT_TRUE(testing::more_thread_preemptions(*second, 100));
    send_everywhere(*second, 20);
  }
  second.reset();
  expect_same(disposition_of(SIGURG), before);
  send_and_await(1);
  EXPECT_EQ(arrived, 41);
}

TEST_F(ChainingAsync, ExecutorsWithDifferentSignals) {
  install(with_info());
  install(with_info(), SIGUSR2);
  const struct sigaction before = disposition_of(SIGURG);
  const struct sigaction before_usr2 = disposition_of(SIGUSR2);
  {
    Executor urg(short_slices());
    Executor usr2(short_slices(SIGUSR2));
    Hogs hogs_of_urg(urg, 4);
    Hogs hogs_of_usr2(usr2, 4);
    EXPECT_TRUE(testing::more_thread_preemptions(urg, 100));
    EXPECT_TRUE(testing::more_thread_preemptions(usr2, 100));
    send_and_await(20);
    kill(getpid(), SIGUSR2);
    EXPECT_TRUE(eventually([] { return arrived == 21; }));
  }
  EXPECT_EQ(arrived, 21);
  expect_same(disposition_of(SIGURG), before);
  expect_same(disposition_of(SIGUSR2), before_usr2);
  install(special(SIG_DFL), SIGUSR2);
}

// A connected pair of TCP sockets, whose first end sends this process SIGURG for out-of-band data.
class UrgentPair {
 public:
  UrgentPair() {
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    good_ =
        bind(listener, generic, size) == 0 && listen(listener, 1) == 0 && getsockname(listener, generic, &size) == 0;
    sender_ = socket(AF_INET, SOCK_STREAM, 0);
    good_ = good_ && connect(sender_, generic, size) == 0;
    receiver_ = accept(listener, nullptr, nullptr);
    good_ = good_ && receiver_ >= 0 && fcntl(receiver_, F_SETOWN, getpid()) == 0;
    close(listener);
  }
  ~UrgentPair() {
    close(sender_);
    close(receiver_);
  }
  UrgentPair(const UrgentPair&) = delete;
  UrgentPair& operator=(const UrgentPair&) = delete;

  bool good() const { return good_; }
  bool send_urgent(char byte) { return send(sender_, &byte, 1, MSG_OOB) == 1; }
  bool receive_urgent(char expected) {
    char byte = 0;
    return recv(receiver_, &byte, 1, MSG_OOB) == 1 && byte == expected;
  }

 private:
  int sender_ = -1;
  int receiver_ = -1;
  bool good_ = false;
};

TEST_F(ChainingAsync, OutOfBandData) {
  install(with_info(SA_RESTART));
  Executor executor(short_slices());
  Hogs hogs(executor, 6);
  ASSERT_TRUE(hogs.all_begun());
  UrgentPair sockets;
  ASSERT_TRUE(sockets.good());
  const int count = scaled(50);
  for (int i = 0; i < count; ++i) {
    ASSERT_TRUE(sockets.send_urgent(static_cast<char>('a' + i % 26)));
    ASSERT_TRUE(eventually([&] { return arrived == i + 1; })) << arrived;
    EXPECT_TRUE(sockets.receive_urgent(static_cast<char>('a' + i % 26)));
  }
  EXPECT_TRUE(testing::more_thread_preemptions(executor, 100));
  EXPECT_EQ(arrived, count);
}

}  // namespace
}  // namespace preempt
