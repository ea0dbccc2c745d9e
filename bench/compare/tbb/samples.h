// What a child program printed: lines of a name and a number.
#ifndef PREEMPT_BENCH_COMPARE_TBB_SAMPLES_H_
#define PREEMPT_BENCH_COMPARE_TBB_SAMPLES_H_

#include <cstdio>
#include <map>
#include <string>
#include <vector>

namespace preempt::bench {

using Samples = std::map<std::string, std::vector<double>>;

// Runs a shell command and adds what it prints. Adds nothing, and returns false, unless it exits with 0.
inline bool read_samples(const std::string& command, Samples& samples) {
  std::FILE* const output = popen(command.c_str(), "re");
  if (output == nullptr) return false;
  Samples read;
  char name[64];
  for (double value; std::fscanf(output, "%63s %lf", name, &value) == 2;) read[name].push_back(value);
  if (pclose(output) != 0) return false;
  for (const auto& [key, values] : read) {
    samples[key].insert(samples[key].end(), values.begin(), values.end());
  }
  return true;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_TBB_SAMPLES_H_
