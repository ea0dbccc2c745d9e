#include "other_program.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <stdexcept>

namespace tbb_mixed {
namespace {

// One word for the shell.
std::string quoted(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace

double run_other(const std::string& path, const std::vector<std::string>& arguments) {
  // Absolute: the shell would look for a name without a slash elsewhere.
  std::string command = quoted(std::filesystem::absolute(path).string());
  for (const std::string& argument : arguments) command += ' ' + quoted(argument);
  std::FILE* const output = popen(command.c_str(), "re");
  if (output == nullptr) throw std::runtime_error("cannot start " + path);
  std::optional<double> p99;
  std::array<char, 512> line;
  while (std::fgets(line.data(), line.size(), output) != nullptr) {
    std::fputs(line.data(), stdout);
    double value = 0;
    if (std::sscanf(line.data(), kVerdictFormat, &value) == 1) p99 = value;
  }
  if (pclose(output) != 0 || !p99) throw std::runtime_error(path + " failed");
  return *p99;
}

}  // namespace tbb_mixed
