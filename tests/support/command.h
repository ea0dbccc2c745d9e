// What a shell command prints.
#ifndef PREEMPT_TESTS_SUPPORT_COMMAND_H_
#define PREEMPT_TESTS_SUPPORT_COMMAND_H_

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

namespace preempt::testing {

inline std::string output_of(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  std::string result;
  std::array<char, 4096> part;
  while (std::size_t size = std::fread(part.data(), 1, part.size(), pipe)) result.append(part.data(), size);
  pclose(pipe);
  return result;
}

inline int count_of(const std::string& part, const std::string& text) {
  int result = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++result;
  return result;
}

// The running program's file.
inline std::string own_path() {
  std::array<char, 4096> path;
  const ssize_t length = readlink("/proc/self/exe", path.data(), path.size());
  return std::string(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_COMMAND_H_
