// A worker that sleeps in a hooked call for a descriptor, a child, a signal or a queue is in a Blocking scope.
#ifndef PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_H_
#define PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_H_

#include <netinet/in.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cstdio>
#include <string>
#include <vector>

#include "programs/blocking_hooks/fixtures.h"
#include "hooks/libc.h"

namespace preempt::testing {

using std::chrono::seconds;

class BlockingHooksScope : public ::testing::Test {
 protected:
#ifdef PREEMPT_TSAN
  void SetUp() override { GTEST_SKIP() << "beside TSan the hooks open no scope (src/core/blocking.cpp)"; }
#endif
};

TEST_F(BlockingHooksScope, ReadsOfAPipe) {
  Pipe pipe;
  char byte = 0;
  iovec part = {&byte, 1};
  const auto put = [&] { EXPECT_TRUE(pipe.put()); };
  expect_in_scope("read", [&] { return read(pipe.out(), &byte, 1) == 1 && byte == 'x'; }, put);
  expect_in_scope("__read_chk", [&] { return __read_chk(pipe.out(), &byte, 1, 1) == 1; }, put);
  expect_in_scope("readv", [&] { return readv(pipe.out(), &part, 1) == 1; }, put);
  expect_in_scope("preadv2", [&] { return preadv2(pipe.out(), &part, 1, -1, 0) == 1; }, put);
}

TEST_F(BlockingHooksScope, WritesToAFullPipe) {
  Pipe pipe;
  std::vector<char> much(1 << 20, 'y');
  std::vector<char> read_back(much.size());
  const auto empty = [&] {
    for (std::size_t got = 0; got < much.size();) {
      const ssize_t count = read(pipe.out(), read_back.data(), read_back.size());
      ASSERT_GT(count, 0);
      got += static_cast<std::size_t>(count);
    }
  };
  const auto all = static_cast<ssize_t>(much.size());
  iovec part = {much.data(), much.size()};
  expect_in_scope("write", [&] { return write(pipe.in(), much.data(), much.size()) == all; }, empty);
  expect_in_scope("writev", [&] { return writev(pipe.in(), &part, 1) == all; }, empty);
}

TEST_F(BlockingHooksScope, Splice) {
  Pipe from, to;
  const auto put = [&] { EXPECT_TRUE(from.put()); };
  expect_in_scope("tee", [&] { return tee(from.out(), to.in(), 1, 0) == 1; }, put);
  char byte;
  ASSERT_EQ(read(from.out(), &byte, 1), 1);
  expect_in_scope("splice", [&] { return splice(from.out(), nullptr, to.in(), nullptr, 1, 0) == 1; }, put);
}

TEST_F(BlockingHooksScope, Receiving) {
  SocketPair pair;
  char byte = 0;
  iovec part = {&byte, 1};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  mmsghdr messages = {message, 0};
  const auto put = [&] { EXPECT_TRUE(pair.put()); };
  expect_in_scope("recv", [&] { return recv(pair.mine(), &byte, 1, 0) == 1; }, put);
  expect_in_scope("__recv_chk", [&] { return __recv_chk(pair.mine(), &byte, 1, 1, 0) == 1; }, put);
  expect_in_scope("recvfrom", [&] { return recvfrom(pair.mine(), &byte, 1, 0, nullptr, nullptr) == 1; }, put);
  const auto checked = [&] { return __recvfrom_chk(pair.mine(), &byte, 1, 1, 0, nullptr, nullptr) == 1; };
  expect_in_scope("__recvfrom_chk", checked, put);
  expect_in_scope("recvmsg", [&] { return recvmsg(pair.mine(), &message, 0) == 1; }, put);
  expect_in_scope("recvmmsg", [&] { return recvmmsg(pair.mine(), &messages, 1, 0, nullptr) == 1; }, put);
}

TEST_F(BlockingHooksScope, SendingToAFullSocket) {
  SocketPair pair;
  std::vector<char> much(4 << 20, 'y');
  const auto all = static_cast<ssize_t>(much.size());
  iovec part = {much.data(), much.size()};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  mmsghdr messages = {message, 0};
  const auto empty = [&] {
    std::vector<char> chunk(much.size());
    for (std::size_t got = 0; got < much.size();) {
      const ssize_t count = read(pair.other(), chunk.data(), chunk.size());
      ASSERT_GT(count, 0);
      got += static_cast<std::size_t>(count);
    }
  };
  expect_in_scope("send", [&] { return send(pair.mine(), much.data(), much.size(), 0) == all; }, empty);
  const auto send_to = [&] { return sendto(pair.mine(), much.data(), much.size(), 0, nullptr, 0) == all; };
  expect_in_scope("sendto", send_to, empty);
  expect_in_scope("sendmsg", [&] { return sendmsg(pair.mine(), &message, 0) == all; }, empty);
  expect_in_scope("sendmmsg", [&] { return sendmmsg(pair.mine(), &messages, 1, 0) == 1; }, empty);
}

// A listening socket in the abstract namespace, with a backlog of one.
class Listener {
 public:
  Listener() : socket_(socket(AF_UNIX, SOCK_STREAM, 0)) {
    const sockaddr_un any = {AF_UNIX, {}};
    is_open_ = bind(socket_, reinterpret_cast<const sockaddr*>(&any), sizeof(sa_family_t)) == 0 &&
               getsockname(socket_, address(), &size_) == 0 && listen(socket_, 0) == 0;
  }
  ~Listener() { close(socket_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int socket_number() const { return socket_; }
  bool is_open() const { return is_open_; }

  // -1, or a socket that is connected or in the backlog.
  int connect_to() {
    const int client = socket(AF_UNIX, SOCK_STREAM, 0);
    return connect(client, address(), size_) == 0 ? client : -1;
  }

 private:
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&address_); }

  int socket_;
  sockaddr_un address_ = {};
  socklen_t size_ = sizeof address_;
  bool is_open_ = false;
};

TEST_F(BlockingHooksScope, AcceptAndConnect) {
  Listener listener;
  ASSERT_TRUE(listener.is_open());
  const auto connect = [&] { close(listener.connect_to()); };
  const auto closed = [](int socket) { return socket >= 0 && close(socket) == 0; };
  expect_in_scope("accept", [&] { return closed(accept(listener.socket_number(), nullptr, nullptr)); }, connect);
  expect_in_scope("accept4", [&] { return closed(accept4(listener.socket_number(), nullptr, nullptr, 0)); }, connect);
  const int in_backlog = listener.connect_to();
  ASSERT_GE(in_backlog, 0);
  const auto accept_one = [&] { close(accept(listener.socket_number(), nullptr, nullptr)); };
  expect_in_scope("connect", [&] { return closed(listener.connect_to()); }, accept_one);
  close(in_backlog);
}

TEST_F(BlockingHooksScope, WaitingForDescriptors) {
  Pipe pipe;
  pollfd wanted = {pipe.out(), POLLIN, 0};
  fd_set set;
  const auto make_set = [&] {
    FD_ZERO(&set);
    FD_SET(pipe.out(), &set);
    return &set;
  };
  const int highest = pipe.out() + 1;
  const int epoll = epoll_create1(0);
  epoll_event event = {EPOLLIN, {}};
  ASSERT_EQ(epoll_ctl(epoll, EPOLL_CTL_ADD, pipe.out(), &event), 0);
  const auto put = [&] { EXPECT_TRUE(pipe.put()); };
  const auto and_take = [&](int count) {
    char byte;
    return count == 1 && read(pipe.out(), &byte, 1) == 1;
  };
  expect_in_scope("poll", [&] { return and_take(poll(&wanted, 1, -1)); }, put);
  expect_in_scope("__poll_chk", [&] { return and_take(__poll_chk(&wanted, 1, -1, sizeof wanted)); }, put);
  expect_in_scope("ppoll", [&] { return and_take(ppoll(&wanted, 1, nullptr, nullptr)); }, put);
  const auto checked = [&] { return and_take(__ppoll_chk(&wanted, 1, nullptr, nullptr, sizeof wanted)); };
  expect_in_scope("__ppoll_chk", checked, put);
  expect_in_scope("select", [&] { return and_take(select(highest, make_set(), nullptr, nullptr, nullptr)); }, put);
  const auto with_mask = [&] { return and_take(pselect(highest, make_set(), nullptr, nullptr, nullptr, nullptr)); };
  expect_in_scope("pselect", with_mask, put);
  expect_in_scope("epoll_wait", [&] { return and_take(epoll_wait(epoll, &event, 1, -1)); }, put);
  expect_in_scope("epoll_pwait", [&] { return and_take(epoll_pwait(epoll, &event, 1, -1, nullptr)); }, put);
#if __GLIBC_PREREQ(2, 35)
  expect_in_scope("epoll_pwait2", [&] { return and_take(epoll_pwait2(epoll, &event, 1, nullptr, nullptr)); }, put);
#endif
  close(epoll);
}

TEST_F(BlockingHooksScope, Sleeping) {
  const timespec moment = {0, 100'000'000};
  expect_in_scope("nanosleep", [&] { return nanosleep(&moment, nullptr) == 0; });
  expect_in_scope("clock_nanosleep", [&] { return clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, nullptr) == 0; });
  expect_in_scope("usleep", [] { return usleep(100'000) == 0; });
  expect_in_scope("sleep", [] { return sleep(1) == 0; });
  expect_in_scope("thrd_sleep", [&] { return thrd_sleep(&moment, nullptr) == 0; });
}

TEST_F(BlockingHooksScope, FileLocks) {
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const std::string path = "/proc/self/fd/" + std::to_string(fileno(file));
  const int other = open(path.c_str(), O_RDWR);
  ASSERT_GE(other, 0);
  ASSERT_EQ(flock(other, LOCK_EX), 0);
  expect_in_scope("flock", [&] { return flock(fileno(file), LOCK_EX) == 0; }, [&] { flock(other, LOCK_UN); });
  close(other);
  std::fclose(file);
}

// A child that ends when `wake()` is called.
class Child {
 public:
  Child() : pid_(fork()) {
    if (pid_ != 0) return;
    char byte;
    _exit(read(end_.out(), &byte, 1) == 1 ? 7 : 1);
  }
  void wake() const { EXPECT_TRUE(end_.put()); }
  pid_t pid() const { return pid_; }

 private:
  Pipe end_;
  pid_t pid_;
};

template <class Wait>
void expect_wait_in_scope(const char* what, Wait wait_for) {
  Child child;
  ASSERT_GT(child.pid(), 0);
  expect_in_scope(what, [&] { return wait_for(child.pid()); }, [&] { child.wake(); });
}

TEST_F(BlockingHooksScope, WaitingForChildren) {
  int status = 0;
  const auto is_seven = [&] { return WIFEXITED(status) && WEXITSTATUS(status) == 7; };
  expect_wait_in_scope("wait", [&](pid_t pid) { return wait(&status) == pid && is_seven(); });
  expect_wait_in_scope("waitpid", [&](pid_t pid) { return waitpid(pid, &status, 0) == pid && is_seven(); });
  expect_wait_in_scope("wait3", [&](pid_t pid) { return wait3(&status, 0, nullptr) == pid && is_seven(); });
  expect_wait_in_scope("wait4", [&](pid_t pid) { return wait4(pid, &status, 0, nullptr) == pid && is_seven(); });
  siginfo_t info = {};
  const auto by_id = [&](pid_t pid) {
    return waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED) == 0 && info.si_status == 7;
  };
  expect_wait_in_scope("waitid", by_id);
}

// The signal is blocked in the main thread, so in every worker.
TEST_F(BlockingHooksScope, WaitingForSignals) {
  sigset_t wanted, everything_else;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGUSR1);
  sigset_t former;
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &wanted, &former), 0);
  pthread_sigmask(SIG_BLOCK, nullptr, &everything_else);
  sigdelset(&everything_else, SIGUSR1);
  struct sigaction action = {}, former_action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, &former_action);
  std::atomic<pthread_t> sleeper = {};
  const auto here = [&] { sleeper = pthread_self(); };
  const auto send_one = [&] { pthread_kill(sleeper, SIGUSR1); };
  const timespec long_time = {30, 0};
  int number = 0;
  expect_in_scope("sigwait", [&] { return here(), sigwait(&wanted, &number) == 0 && number == SIGUSR1; }, send_one);
  expect_in_scope("sigwaitinfo", [&] { return here(), sigwaitinfo(&wanted, nullptr) == SIGUSR1; }, send_one);
  const auto timed = [&] { return here(), sigtimedwait(&wanted, nullptr, &long_time) == SIGUSR1; };
  expect_in_scope("sigtimedwait", timed, send_one);
  expect_in_scope("sigsuspend", [&] { return here(), sigsuspend(&everything_else) == -1 && errno == EINTR; }, send_one);
  sigaction(SIGUSR1, &former_action, nullptr);
  pthread_sigmask(SIG_SETMASK, &former, nullptr);
}

TEST_F(BlockingHooksScope, SystemVAndPosixQueues) {
  const int queue = msgget(IPC_PRIVATE, 0600), semaphore = semget(IPC_PRIVATE, 1, 0600);
  if (queue == -1 || semaphore == -1) GTEST_SKIP() << "no System V queues here";
  struct Message {
    long type;
    char text;
  } message = {1, 'x'};
  const auto send = [&] { EXPECT_EQ(msgsnd(queue, &message, 1, 0), 0); };
  expect_in_scope("msgrcv", [&] { return msgrcv(queue, &message, 1, 0, 0) == 1; }, send);
  sembuf take = {0, -1, 0}, give = {0, 1, 0};
  const timespec long_time = {30, 0};
  const auto give_one = [&] { EXPECT_EQ(semop(semaphore, &give, 1), 0); };
  expect_in_scope("semop", [&] { return semop(semaphore, &take, 1) == 0; }, give_one);
  expect_in_scope("semtimedop", [&] { return semtimedop(semaphore, &take, 1, &long_time) == 0; }, give_one);
  msgctl(queue, IPC_RMID, nullptr);
  semctl(semaphore, 0, IPC_RMID);
}

TEST_F(BlockingHooksScope, PosixMessageQueue) {
  mq_attr attributes = {};
  attributes.mq_maxmsg = 1;
  attributes.mq_msgsize = 1;
  const std::string name = "/preempt_hooks_" + std::to_string(getpid());
  const mqd_t queue = mq_open(name.c_str(), O_RDWR | O_CREAT | O_EXCL, 0600, &attributes);
  if (queue == -1) GTEST_SKIP() << "no POSIX message queues here";
  mq_unlink(name.c_str());
  char byte = 'x';
  const timespec deadline = from_now(CLOCK_REALTIME, seconds(30));
  const auto send = [&] { EXPECT_EQ(mq_send(queue, &byte, 1, 0), 0); };
  const auto receive = [&] { EXPECT_EQ(mq_receive(queue, &byte, 1, nullptr), 1); };
  expect_in_scope("mq_receive", [&] { return mq_receive(queue, &byte, 1, nullptr) == 1; }, send);
  const auto timed_receive = [&] { return mq_timedreceive(queue, &byte, 1, nullptr, &deadline) == 1; };
  expect_in_scope("mq_timedreceive", timed_receive, send);
  send();
  expect_in_scope("mq_send", [&] { return mq_send(queue, &byte, 1, 0) == 0; }, receive);
  expect_in_scope("mq_timedsend", [&] { return mq_timedsend(queue, &byte, 1, 0, &deadline) == 0; }, receive);
  mq_close(queue);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_BLOCKING_HOOKS_SCOPES_H_
