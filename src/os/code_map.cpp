#include "os/code_map.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <fstream>
#include <utility>

namespace preempt::os {

CodeMap::CodeMap() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    Range range;
    char permissions[5] = {};
    int path_at = 0;
    // proc(5): LOW-HIGH PERMISSIONS OFFSET DEVICE INODE PATH
    if (std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %*s %*s %n", &range.low, &range.high,
                    permissions, &range.offset, &path_at) != 4 ||
        permissions[2] != 'x') {
      continue;
    }
    range.file = line.substr(std::min<std::size_t>(path_at, line.size()));
    ranges_.push_back(std::move(range));
  }
}

const CodeMap::Range* CodeMap::find(std::uint64_t address) const {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), address,
                                      [](std::uint64_t wanted, const Range& range) { return wanted < range.high; });
  return after != ranges_.end() && after->low <= address ? &*after : nullptr;
}

}  // namespace preempt::os
