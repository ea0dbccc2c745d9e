// A kernel that is slow in one system call.
#ifndef PREEMPT_TESTS_SUPPORT_DELAY_CALL_H_
#define PREEMPT_TESTS_SUPPORT_DELAY_CALL_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>

namespace preempt::testing {

// From now on the call of that number takes so much longer in this thread and in those that it makes: a thread beside
// is asked each time (seccomp_unotify(2), Linux 5.5). For ever, so in a process of its own. False where that is not
// permitted.
inline bool delay_call(long number, std::chrono::nanoseconds delay) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return false;
  const auto asked = static_cast<int>(
      syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
  if (asked == -1) return false;
  std::thread([asked, delay] {
    for (;;) {
      seccomp_notif call = {};
      if (ioctl(asked, SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) continue;
      std::this_thread::sleep_for(delay);
      seccomp_notif_resp answer = {};
      answer.id = call.id;
      answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
      ioctl(asked, SECCOMP_IOCTL_NOTIF_SEND, &answer);
    }
  }).detach();
  return true;
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_DELAY_CALL_H_
