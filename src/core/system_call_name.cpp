#include "core/system_call_name.h"

#include <sys/syscall.h>

#include "absl/strings/str_cat.h"

namespace preempt::core {
namespace {

enum class First { kAddress, kDescriptor, kOther };

struct Name {
  long number;
  const char* name;
  First first;
};

constexpr Name kNames[] = {
    {SYS_futex, "futex", First::kAddress},
    {SYS_poll, "poll", First::kOther},
    {SYS_ppoll, "ppoll", First::kOther},
    {SYS_select, "select", First::kOther},
    {SYS_pselect6, "pselect6", First::kOther},
    {SYS_epoll_wait, "epoll_wait", First::kDescriptor},
    {SYS_epoll_pwait, "epoll_pwait", First::kDescriptor},
    {SYS_read, "read", First::kDescriptor},
    {SYS_readv, "readv", First::kDescriptor},
    {SYS_pread64, "pread64", First::kDescriptor},
    {SYS_write, "write", First::kDescriptor},
    {SYS_writev, "writev", First::kDescriptor},
    {SYS_pwrite64, "pwrite64", First::kDescriptor},
    {SYS_recvfrom, "recvfrom", First::kDescriptor},
    {SYS_recvmsg, "recvmsg", First::kDescriptor},
    {SYS_recvmmsg, "recvmmsg", First::kDescriptor},
    {SYS_sendto, "sendto", First::kDescriptor},
    {SYS_sendmsg, "sendmsg", First::kDescriptor},
    {SYS_sendmmsg, "sendmmsg", First::kDescriptor},
    {SYS_accept, "accept", First::kDescriptor},
    {SYS_accept4, "accept4", First::kDescriptor},
    {SYS_connect, "connect", First::kDescriptor},
    {SYS_sendfile, "sendfile", First::kDescriptor},
    {SYS_splice, "splice", First::kDescriptor},
    {SYS_ioctl, "ioctl", First::kDescriptor},
    {SYS_fcntl, "fcntl", First::kDescriptor},
    {SYS_flock, "flock", First::kDescriptor},
    {SYS_fsync, "fsync", First::kDescriptor},
    {SYS_fdatasync, "fdatasync", First::kDescriptor},
    {SYS_open, "open", First::kOther},
    {SYS_openat, "openat", First::kOther},
    {SYS_nanosleep, "nanosleep", First::kOther},
    {SYS_clock_nanosleep, "clock_nanosleep", First::kOther},
    {SYS_restart_syscall, "restart_syscall", First::kOther},
    {SYS_wait4, "wait4", First::kOther},
    {SYS_waitid, "waitid", First::kOther},
    {SYS_pause, "pause", First::kOther},
    {SYS_rt_sigsuspend, "rt_sigsuspend", First::kOther},
    {SYS_rt_sigtimedwait, "rt_sigtimedwait", First::kOther},
    {SYS_semop, "semop", First::kOther},
    {SYS_semtimedop, "semtimedop", First::kOther},
    {SYS_msgsnd, "msgsnd", First::kOther},
    {SYS_msgrcv, "msgrcv", First::kOther},
    {SYS_mq_timedsend, "mq_timedsend", First::kDescriptor},
    {SYS_mq_timedreceive, "mq_timedreceive", First::kDescriptor},
    {SYS_io_getevents, "io_getevents", First::kOther},
    {SYS_io_uring_enter, "io_uring_enter", First::kDescriptor},
};

}  // namespace

std::string describe(const os::ThreadCall& call) {
  if (call.state == os::ThreadCall::State::kUnknown) return "an unknown call (/proc/self/task/TID/syscall)";
  if (call.state != os::ThreadCall::State::kInCall) return "no system call";
  for (const Name& each : kNames) {
    if (each.number != call.number) continue;
    switch (each.first) {
      case First::kAddress:
        return absl::StrCat(each.name, "(0x", absl::Hex(call.first_argument), ")");
      case First::kDescriptor:
        return absl::StrCat(each.name, "(", static_cast<int>(call.first_argument), ")");
      case First::kOther:
        return each.name;
    }
  }
  return absl::StrCat("system call ", call.number);
}

}  // namespace preempt::core
