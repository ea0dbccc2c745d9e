// Cases that cannot end by themselves, each in a process of its own.
#ifndef PREEMPT_TESTS_SUPPORT_CHILD_H_
#define PREEMPT_TESTS_SUPPORT_CHILD_H_

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "support/wait.h"

namespace preempt::testing {

// Forks, and in the child leaves with 0 when `body()` is true and with 1 otherwise, whatever threads still run. Returns
// "" for 0, else what happened. The process must have no executor. Kills the child after `limit`.
template <class Body>
std::string run_in_child(Body&& body, std::chrono::nanoseconds limit = std::chrono::seconds(40)) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == -1) return "fork failed";
  if (child == 0) {
    const bool good = body();
    std::fflush(nullptr);
    _exit(good ? 0 : 1);
  }
  int status = 0;
  if (!eventually([&] { return waitpid(child, &status, WNOHANG) == child; }, limit)) {
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return "did not end in time";
  }
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : "failed with exit status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_CHILD_H_
