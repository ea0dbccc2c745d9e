// Every figure of a benchmark as a line of a CSV file, one for each repetition: what `tools/bench` collects, plots and
// compares.
#ifndef PREEMPT_BENCH_SUPPORT_SAMPLES_H_
#define PREEMPT_BENCH_SUPPORT_SAMPLES_H_

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace preempt::bench {

// Which values of a metric are good ones.
enum class Better { kLower, kHigher, kNeither };

// Columns: bench,workload,contender,metric,unit,better,value. `workload` is the setting that all contenders share, and
// the n-th values of two contenders were measured in the same repetition.
class SamplesFile {
 public:
  // Without a path nothing is written. Throws std::system_error if the file cannot be made.
  SamplesFile(const std::string& path, std::string bench) : bench_(std::move(bench)) {
    if (path.empty()) return;
    file_ = std::fopen(path.c_str(), "we");
    if (file_ == nullptr) throw std::system_error(errno, std::generic_category(), "--csv: cannot write '" + path + "'");
    std::fputs("bench,workload,contender,metric,unit,better,value\n", file_);
  }
  ~SamplesFile() {
    if (file_ != nullptr) std::fclose(file_);
  }
  SamplesFile(const SamplesFile&) = delete;
  SamplesFile& operator=(const SamplesFile&) = delete;

  // NaN, a figure that there is not, is left out.
  void add(std::string_view workload, std::string_view contender, std::string_view metric, std::string_view unit,
           Better better, double value) {
    if (file_ == nullptr || std::isnan(value)) return;
    put(bench_);
    put(workload);
    put(contender);
    put(metric);
    put(unit);
    put(better == Better::kLower ? "lower" : better == Better::kHigher ? "higher" : "");
    std::fprintf(file_, "%.9g\n", value);
    std::fflush(file_);  // what was measured before a run was interrupted is kept
  }

 private:
  // RFC 4180: quotes inside a quoted field are doubled.
  void put(std::string_view field) {
    std::fputc('"', file_);
    for (const char c : field) {
      if (c == '"') std::fputc('"', file_);
      std::fputc(c, file_);
    }
    std::fputs("\",", file_);
  }

  std::string bench_;
  std::FILE* file_ = nullptr;
};

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_SUPPORT_SAMPLES_H_
