#include "os/thread.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>

namespace preempt::os {
namespace {

const char mark = 0;  // its address is what counts

ThreadState state_of(const char* stat, ssize_t length) noexcept {
  // "TID (comm) S ...": comm may hold anything but a closing parenthesis of its own after the last one.
  for (ssize_t i = length - 1; i > 0; --i) {
    if (stat[i] != ')') continue;
    const char letter = i + 2 < length ? stat[i + 2] : '?';
    switch (letter) {
      case 'R':
        return ThreadState::kRunning;
      case 'S':
      case 'D':
        return ThreadState::kAsleep;
      case 't':
      case 'T':
        return ThreadState::kTraced;
      default:
        return ThreadState::kUnknown;
    }
  }
  return ThreadState::kUnknown;
}

// Without stdio, which a stopped task may be inside of.
int open_stat(pid_t thread) noexcept {
  char path[64] = "/proc/self/task/";
  char digits[16];
  int count = 0;
  for (int rest = thread; rest > 0; rest /= 10) digits[count++] = static_cast<char>('0' + rest % 10);
  char* end = path + std::strlen(path);
  while (count > 0) *end++ = digits[--count];
  std::memcpy(end, "/stat", sizeof("/stat"));
  return open(path, O_RDONLY | O_CLOEXEC);
}

// include/linux/posix-timers.h: the clocks of one thread.
enum CpuClock : unsigned { kUser = 1, kScheduled = 2 };

Nanos cpu_clock(pid_t thread, CpuClock which) noexcept {
  constexpr unsigned kOfThread = 4;
  const auto clock = static_cast<clockid_t>(~static_cast<unsigned>(thread) << 3 | kOfThread | which);
  timespec time;
  return clock_gettime(clock, &time) == 0 ? time.tv_sec * kSecond + time.tv_nsec : 0;
}

}  // namespace

std::atomic<int> ThreadStateFile::open_files_ = 0;

pid_t thread_id() noexcept { return static_cast<pid_t>(syscall(SYS_gettid)); }

bool send_signal(pid_t thread, int signal) noexcept {
  const int saved_errno = errno;
  siginfo_t info = {};
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_ptr = const_cast<char*>(&mark);
  const bool sent = syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, signal, &info) == 0;
  errno = saved_errno;
  return sent;
}

// Of signal 0 only the permission is looked at.
bool may_send_signals() noexcept { return send_signal(thread_id(), 0); }

bool has_our_mark(const siginfo_t& info) noexcept {
  return info.si_code == SI_QUEUE && info.si_value.sival_ptr == &mark;
}

bool has_no_particulars(const siginfo_t& info) noexcept {
  return info.si_code == SI_USER && info.si_pid == 0 && info.si_uid == 0;
}

Nanos thread_cpu_time(pid_t thread) noexcept { return cpu_clock(thread, kScheduled); }
Nanos thread_user_time(pid_t thread) noexcept { return cpu_clock(thread, kUser); }

long restart_call() noexcept {
  const int saved_errno = errno;
  const long result = syscall(SYS_restart_syscall);
  const long outcome = result == -1 ? -errno : result;
  errno = saved_errno;
  return outcome;
}

void yield_thread() noexcept { sched_yield(); }

void set_prompt() noexcept {
  prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  // sched_attr of sched_setattr(2), which glibc 2.36 does not declare. Of an ordinary thread sched_runtime is the slice
  // it asks for, since Linux 6.12 (kernel/sched/syscalls.c); older kernels ignore it.
  struct {
    std::uint32_t size, policy;
    std::uint64_t flags;
    std::int32_t nice;
    std::uint32_t priority;
    std::uint64_t runtime, deadline, period;
  } attributes = {};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
  if (attributes.policy != SCHED_OTHER) return;
  attributes.size = sizeof(attributes);
  attributes.runtime = 100 * kMicrosecond;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

void set_thread_name(const char* name) noexcept {
  char cut[16];
  std::snprintf(cut, sizeof(cut), "%s", name);
  pthread_setname_np(pthread_self(), cut);
}

ThreadState ThreadStateFile::read(pid_t thread) noexcept {
  if (busy_.exchange(true, std::memory_order_acquire)) return ThreadState::kUnknown;
  const ThreadState state = read_alone(thread);
  busy_.store(false, std::memory_order_release);
  return state;
}

ThreadState ThreadStateFile::read_alone(pid_t thread) noexcept {
  int file = file_;
  if (file < 0) {
    file = open_stat(thread);
    if (file < 0) return ThreadState::kUnknown;
  }
  char stat[64];
  const ssize_t length = pread(file, stat, sizeof(stat), 0);
  if (file_ < 0) {
    if (open_files_.fetch_add(1, std::memory_order_relaxed) < kMostOpen) {
      file_ = file;
    } else {
      open_files_.fetch_sub(1, std::memory_order_relaxed);
      ::close(file);
    }
  }
  return state_of(stat, length);
}

// Of a thread that ends, while the watchdog may still be reading: not while it does.
void ThreadStateFile::close() noexcept {
  while (busy_.exchange(true, std::memory_order_acquire)) yield_thread();
  if (file_ >= 0) {
    ::close(file_);
    file_ = -1;
    open_files_.fetch_sub(1, std::memory_order_relaxed);
  }
  busy_.store(false, std::memory_order_release);
}

}  // namespace preempt::os
