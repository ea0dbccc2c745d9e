#include "os/thread_call.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace preempt::os {
namespace {

constexpr int kArguments = 6;

// "running", "-1 SP PC" or "NUMBER ARGUMENT... SP PC", the number in decimal, the rest in hexadecimal.
ThreadCall parse(const char* text) noexcept {
  ThreadCall call;
  if (std::strncmp(text, "running", std::strlen("running")) == 0) {
    call.state = ThreadCall::State::kRunning;
    return call;
  }
  char* rest = nullptr;
  const auto field = [&rest] { return std::strtoull(rest, &rest, 16); };
  call.number = std::strtol(text, &rest, 10);
  if (rest == text) return {};
  if (call.number >= 0) {
    call.first_argument = field();
    for (int i = 1; i < kArguments; ++i) field();
  }
  call.stack_pointer = field();
  call.program_counter = field();
  if (call.program_counter == 0) return {};
  call.state = call.number >= 0 ? ThreadCall::State::kInCall : ThreadCall::State::kAsleep;
  return call;
}

}  // namespace

ThreadCall read_thread_call(pid_t thread) noexcept {
  char path[64];
  std::snprintf(path, sizeof(path), "/proc/self/task/%d/syscall", static_cast<int>(thread));
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  char text[256];
  const ssize_t length = read(file, text, sizeof(text) - 1);
  close(file);
  if (length <= 0) return {};
  text[length] = '\0';
  return parse(text);
}

}  // namespace preempt::os
