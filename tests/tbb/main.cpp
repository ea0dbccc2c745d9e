#include <algorithm>
#include <cstdio>
#include <cstring>

#include "program.h"

namespace tbb_programs {

std::vector<Program>& programs() {
  static std::vector<Program> all;
  return all;
}

namespace {

int list() {
  std::vector<std::string> names;
  for (const Program& program : programs()) names.emplace_back(program.name);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) std::printf("%s\n", name.c_str());
  return 0;
}

int run(const char* name) {
  for (const Program& program : programs()) {
    if (std::strcmp(program.name, name) != 0) continue;
    program.run();
    return std::fflush(stdout) == 0 ? 0 : 1;
  }
  std::fprintf(stderr, "no program has the name %s\n", name);
  return 2;
}

}  // namespace
}  // namespace tbb_programs

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s NAME | --list\n", argv[0]);
    return 2;
  }
  if (std::strcmp(argv[1], "--list") == 0) return tbb_programs::list();
  return tbb_programs::run(argv[1]);
}
