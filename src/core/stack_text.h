// Calls for a reader.
#ifndef PREEMPT_CORE_STACK_TEXT_H_
#define PREEMPT_CORE_STACK_TEXT_H_

#include <string>
#include <vector>

#include "core/stack_walk.h"
#include "os/code_map.h"

namespace preempt::core {

// A line for each call of the task, beginning with a newline: its function, its file and the offset there. The
// executor's own frames are left out.
std::string describe_stack(const std::vector<CallSite>& stack, const os::CodeMap& code);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_STACK_TEXT_H_
