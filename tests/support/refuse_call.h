// A kernel, or a sandbox, that refuses a system call.
#ifndef PREEMPT_TESTS_SUPPORT_REFUSE_CALL_H_
#define PREEMPT_TESTS_SUPPORT_REFUSE_CALL_H_

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>

#include <cstddef>
#include <cstdint>

namespace preempt::testing {

// From now on the call of that number fails with `error` in this thread and in those that it makes. For ever, so in a
// process of its own. False where filters are not permitted.
inline bool refuse_call(long number, int error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(number), 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter = {.len = sizeof program / sizeof program[0], .filter = program};
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_REFUSE_CALL_H_
