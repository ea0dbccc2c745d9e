// How a process ends, when the way it ends is what is tested. For cases that only need a process: support/child.h.
#ifndef PREEMPT_TESTS_SUPPORT_CHILD_PROCESS_H_
#define PREEMPT_TESTS_SUPPORT_CHILD_PROCESS_H_

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "support/wait.h"

namespace preempt::testing {

// How a process ended: as wait(2) tells, in words.
inline std::string ending(std::optional<int> status) {
  if (!status) return "still running at the time limit";
  if (WIFEXITED(*status)) return "exit " + std::to_string(WEXITSTATUS(*status));
  if (WIFSIGNALED(*status)) return "signal " + std::to_string(WTERMSIG(*status));
  return "status " + std::to_string(*status);
}

// The status of `child`, or nothing after `limit`; the child is killed then.
inline std::optional<int> wait_for_child(pid_t child, std::chrono::seconds limit = std::chrono::seconds(30)) {
  int status = 0;
  if (eventually([&] { return waitpid(child, &status, WNOHANG) == child; }, limit)) return status;
  kill(child, SIGKILL);
  waitpid(child, &status, 0);
  return std::nullopt;
}

// Runs `body` in a forked child, which exits with 99 when the body returns. The caller has no other threads yet.
template <class Body>
std::optional<int> status_of_child(Body body, std::chrono::seconds limit = std::chrono::seconds(30)) {
  const pid_t child = fork();
  if (child == 0) {
    body();
    _exit(99);
  }
  return wait_for_child(child, limit);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_CHILD_PROCESS_H_
