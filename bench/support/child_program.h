// Runs another program of the benchmarks and reads what it prints.
#ifndef PREEMPT_BENCH_SUPPORT_CHILD_PROGRAM_H_
#define PREEMPT_BENCH_SUPPORT_CHILD_PROGRAM_H_

#include <cstdio>
#include <filesystem>
#include <string>

namespace preempt::bench {

// The folder of this program, where those that it starts are too.
inline std::filesystem::path own_folder() { return std::filesystem::read_symlink("/proc/self/exe").parent_path(); }

inline std::string quoted(const std::filesystem::path& path) {
  std::string text("'");
  return text.append(path.string()).append("'");
}

// A shell command that runs from here on. Ends with the object, which waits for it.
class ChildProgram {
 public:
  explicit ChildProgram(const std::string& command) : output_(popen(command.c_str(), "re")) {}
  ~ChildProgram() { end(); }
  ChildProgram(const ChildProgram&) = delete;
  ChildProgram& operator=(const ChildProgram&) = delete;

  // The next number that it prints; false when there is none.
  bool read(double& number) { return output_ != nullptr && std::fscanf(output_, "%lf", &number) == 1; }

  // Waits; whether it exited with 0.
  bool end() {
    std::FILE* const output = output_;
    output_ = nullptr;
    return output != nullptr && pclose(output) == 0;
  }

 private:
  std::FILE* output_;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_CHILD_PROGRAM_H_
