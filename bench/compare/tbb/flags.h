// What the driver and the programs that it starts are told.
#ifndef PREEMPT_BENCH_COMPARE_TBB_FLAGS_H_
#define PREEMPT_BENCH_COMPARE_TBB_FLAGS_H_

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

namespace preempt::bench {

struct Flags {
  std::string workload = "";  // empty: all
  int repetitions = 5;
  int fib = 30;
  double tail_seconds = 5;
  std::uint64_t seed = 1;  // of the arrivals of the tail
  std::string csv = "";    // the driver's: where every sample goes
};

inline constexpr const char* kFlagsUsage =
    "[--workload=NAME] [--repetitions=5] [--fib=30] [--tail_seconds=5] [--seed=1] [--csv=FILE]";

// The value of `argument` when it is `name`=VALUE, otherwise null.
inline const char* value_of(const char* argument, const char* name) {
  const std::size_t length = std::strlen(name);
  return std::strncmp(argument, name, length) == 0 && argument[length] == '=' ? argument + length + 1 : nullptr;
}

// False when a flag is unknown or out of range.
inline bool read_flags(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; ++i) {
    if (const char* value = value_of(argv[i], "--workload")) {
      flags.workload = value;
    } else if (const char* value = value_of(argv[i], "--repetitions")) {
      flags.repetitions = std::atoi(value);
    } else if (const char* value = value_of(argv[i], "--fib")) {
      flags.fib = std::atoi(value);
    } else if (const char* value = value_of(argv[i], "--tail_seconds")) {
      flags.tail_seconds = std::atof(value);
    } else if (const char* value = value_of(argv[i], "--seed")) {
      flags.seed = std::strtoull(value, nullptr, 10);
    } else if (const char* value = value_of(argv[i], "--csv")) {
      flags.csv = value;
    } else {
      return false;
    }
  }
  return flags.repetitions > 0 && flags.fib > 0 && flags.fib < 45 && flags.tail_seconds > 0;
}

}  // namespace preempt::bench

#endif  // PREEMPT_BENCH_COMPARE_TBB_FLAGS_H_
