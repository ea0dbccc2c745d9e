// The same program with the other runtime, as a child.
#ifndef PREEMPT_EXAMPLES_TBB_MIXED_OTHER_PROGRAM_H_
#define PREEMPT_EXAMPLES_TBB_MIXED_OTHER_PROGRAM_H_

#include <string>
#include <vector>

namespace tbb_mixed {

// The last line that this program prints of itself, with the p99 in milliseconds.
inline constexpr const char* kVerdictFormat = "Short ones of both arenas: p99 %lf ms\n";

// Runs the program at `path`, prints what it prints and returns the p99 of its verdict. Throws std::runtime_error when
// it fails or gives none.
double run_other(const std::string& path, const std::vector<std::string>& arguments);

}  // namespace tbb_mixed

#endif  // PREEMPT_EXAMPLES_TBB_MIXED_OTHER_PROGRAM_H_
