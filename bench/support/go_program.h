// A peer in Go.
#ifndef PREEMPT_BENCH_SUPPORT_GO_PROGRAM_H_
#define PREEMPT_BENCH_SUPPORT_GO_PROGRAM_H_

#include <stdlib.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

#include "support/child_program.h"

namespace preempt::bench {

// Built now, where there is a Go compiler; removed at the end.
class GoProgram {
 public:
  explicit GoProgram(const std::filesystem::path& source) {
    std::string folder = (std::filesystem::temp_directory_path() / "preempt-bench-XXXXXX").string();
    if (std::system("command -v go >/dev/null") != 0 || mkdtemp(folder.data()) == nullptr) return;
    folder_ = folder;
    built_ = std::system(("go build -o " + command() + " " + quoted(source)).c_str()) == 0;
  }
  ~GoProgram() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  GoProgram(const GoProgram&) = delete;
  GoProgram& operator=(const GoProgram&) = delete;

  bool built() const { return built_; }
  std::string command() const { return quoted(folder_ / "program"); }
  // A path beside it, removed with it.
  std::filesystem::path file(const std::string& name) const { return folder_ / name; }

 private:
  std::filesystem::path folder_;
  bool built_ = false;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_GO_PROGRAM_H_
