// The calls that lead to where a thread sleeps.
#ifndef PREEMPT_CORE_STACK_WALK_H_
#define PREEMPT_CORE_STACK_WALK_H_

#include <cstdint>
#include <vector>

#include "fiber/gate.h"
#include "os/code_map.h"
#include "os/own_memory.h"
#include "os/thread_call.h"

namespace preempt::core {

struct CallSite {
  std::uint64_t program_counter = 0;
  bool is_return_address = false;  // the call lies before it
  bool is_guess = false;

  bool operator==(const CallSite&) const = default;
};

// From a program counter and a stack pointer alone, without the thread's help: by the unwind tables; where those need
// a register that nobody knows, the next word on the stack that may be a return address is taken, and from there on
// all is a guess. `stack` is where the task's stack lies. The innermost first.
std::vector<CallSite> walk_stack(const os::ThreadCall& call, fiber::Bounds stack, const os::OwnMemory& memory,
                                 const os::CodeMap& code);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_STACK_WALK_H_
