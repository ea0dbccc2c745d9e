// The calls that lead to where a thread is.
#ifndef PREEMPT_CORE_STACK_WALK_H_
#define PREEMPT_CORE_STACK_WALK_H_

#include <cstdint>
#include <vector>

#include "core/call_frame.h"
#include "fiber/gate.h"
#include "os/code_map.h"
#include "os/own_memory.h"

namespace preempt::core {

struct CallSite {
  std::uint64_t program_counter = 0;
  bool is_return_address = false;  // the call lies before it
  bool is_guess = false;
  std::uint64_t left_out = 0;  // calls between this one and the one before it

  bool operator==(const CallSite&) const = default;
};

// From the innermost frame's registers, at least program counter and stack pointer, without the thread's help: by the
// unwind tables; where those need a register that nobody knows, the next word on the stack that may be a return address
// is taken, and from there on all is a guess. `stack` is where the task's stack lies. The innermost first; of a deep
// stack the first calls and the last ones, and of a very deep one the first only.
std::vector<CallSite> walk_stack(FrameRegisters registers, fiber::Bounds stack, const os::OwnMemory& memory,
                                 const os::CodeMap& code);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_STACK_WALK_H_
