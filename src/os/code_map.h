// Where this process has code, and from which files.
#ifndef PREEMPT_OS_CODE_MAP_H_
#define PREEMPT_OS_CODE_MAP_H_

#include <cstdint>
#include <string>
#include <vector>

namespace preempt::os {

// The executable mappings of /proc/self/maps at the time of its construction. The loader is not asked: a task may be
// blocked under its lock. Allocates, in user context only.
class CodeMap {
 public:
  struct Range {
    std::uint64_t low = 0, high = 0;
    std::uint64_t offset = 0;  // of `low` in the file
    std::string file;          // may be empty
  };

  CodeMap();

  // Null: no code.
  const Range* find(std::uint64_t address) const;

 private:
  std::vector<Range> ranges_;  // in order of addresses
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_CODE_MAP_H_
