// What other parts of core ask about options: one more check, and the numbers behind a 0.
//
// For constructors and other user context: these allocate, read files and take libc's locks.
#ifndef PREEMPT_CORE_OPTIONS_CHECK_H_
#define PREEMPT_CORE_OPTIONS_CHECK_H_

#include <chrono>
#include <cstddef>
#include <string_view>

#include "absl/status/status.h"
#include "preempt/options.h"

namespace preempt::core {

// Ok for 20 us .. 10 s, else InvalidArgument naming `field`, the value and the range. The 0 of TaskOptions::time_slice
// means "the executor's" and is the caller's to skip.
absl::Status validate_time_slice(std::chrono::nanoseconds time_slice, std::string_view field);

// Options::processors, or for 0 the usable cpus, at most 1024 and at most max_threads: a program that limits its
// threads must not fail on a larger machine. `options` is valid.
int resolve_processors(const Options& options);

// Options::stack_size, or for 0 a pthread's default, as whole pages. `options` is valid.
std::size_t resolve_stack_size(const Options& options);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_OPTIONS_CHECK_H_
