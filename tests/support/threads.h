// The threads of this process, as /proc tells.
#ifndef PREEMPT_TESTS_SUPPORT_THREADS_H_
#define PREEMPT_TESTS_SUPPORT_THREADS_H_

#include <dirent.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "fiber/gate.h"

namespace preempt::testing {

inline std::vector<pid_t> threads_of_this_process() {
  std::vector<pid_t> result;
  DIR* directory = opendir("/proc/self/task");
  if (directory == nullptr) return result;
  while (const dirent* entry = readdir(directory)) {
    if (entry->d_name[0] != '.') result.push_back(std::atoi(entry->d_name));
  }
  closedir(directory);
  return result;
}

// The line `field` of a thread's status file without its name; empty when the thread is gone.
inline std::string thread_status(pid_t thread, const std::string& field) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/status");
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(field + ":", 0) == 0) return line.substr(line.find_first_not_of(" \t", field.size() + 1));
  }
  return {};
}

// Whether the thread blocks `signal` now; nothing when the thread is gone.
inline std::optional<bool> blocks_signal(pid_t thread, int signal) {
  const std::string mask = thread_status(thread, "SigBlk");
  if (mask.empty()) return std::nullopt;
  return (std::stoull(mask, nullptr, 16) >> (signal - 1) & 1) != 0;
}

// Of the calling thread.
inline fiber::Bounds stack_of_thread() {
  pthread_attr_t attributes;
  void* low = nullptr;
  std::size_t size = 0;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &low, &size);
  pthread_attr_destroy(&attributes);
  return {reinterpret_cast<std::uintptr_t>(low), reinterpret_cast<std::uintptr_t>(low) + size};
}

inline bool send_to_thread(pid_t thread, int signal) { return syscall(SYS_tgkill, getpid(), thread, signal) == 0; }

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_THREADS_H_
