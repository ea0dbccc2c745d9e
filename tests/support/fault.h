// Children that end by a fault, and what they said.
#ifndef PREEMPT_TESTS_SUPPORT_FAULT_H_
#define PREEMPT_TESTS_SUPPORT_FAULT_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "fiber/sanitizer.h"
#include "support/child_process.h"

namespace preempt::testing {

struct ChildOutput {
  std::optional<int> status;
  std::string errors;  // what it wrote to standard error

  // By the default action of SIGSEGV; a sanitizer's own handler leaves by exit(2).
  bool died_by_fault() const {
    if (!status) return false;
    if (fiber::kIsSanitized && WIFEXITED(*status)) return errors.find("Sanitizer") != std::string::npos;
    return WIFSIGNALED(*status) && WTERMSIG(*status) == SIGSEGV;
  }
  bool exited_with(int code) const { return status && WIFEXITED(*status) && WEXITSTATUS(*status) == code; }
  int count(std::string_view part) const {
    int result = 0;
    for (auto at = errors.find(part); at != std::string::npos; at = errors.find(part, at + 1)) ++result;
    return result;
  }
  // For the message of a failed assertion.
  std::string text() const { return ending(status) + ", said:\n" + errors; }
};

// As status_of_child().
template <class Body>
ChildOutput output_of_child(Body body) {
  const int file = memfd_create("errors", MFD_CLOEXEC);
  fcntl(file, F_SETFL, O_APPEND);  // threads that write at once would overwrite each other
  ChildOutput result;
  result.status = status_of_child([&] {
    dup2(file, STDERR_FILENO);
    body();
  });
  char part[4096];
  lseek(file, 0, SEEK_SET);
  for (ssize_t size; (size = read(file, part, sizeof(part))) > 0;) result.errors.append(part, size);
  close(file);
  return result;
}

// Puts a handler in place, as an application does before it makes an executor.
inline void handle_faults_by(void (*handler)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction action = {};
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | flags;
  sigaction(SIGSEGV, &action, nullptr);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_FAULT_H_
