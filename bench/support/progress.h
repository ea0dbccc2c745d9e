// Says on standard error what is being measured: in place on a terminal, a line each elsewhere.
#ifndef PREEMPT_BENCH_SUPPORT_PROGRESS_H_
#define PREEMPT_BENCH_SUPPORT_PROGRESS_H_

#include <unistd.h>

#include <cstdio>
#include <string>

namespace preempt::bench {

class Progress {
 public:
  Progress() = default;
  ~Progress() {
    if (terminal_) std::fputs(kEraseLine, stderr);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(int repetition, int repetitions, const std::string& what) const {
    std::fprintf(stderr, "%s[%d/%d] %s%s", terminal_ ? kEraseLine : "", repetition, repetitions, what.c_str(),
                 terminal_ ? "" : "\n");
  }

 private:
  static constexpr const char* kEraseLine = "\r\033[K";

  const bool terminal_ = isatty(STDERR_FILENO) != 0;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_PROGRESS_H_
