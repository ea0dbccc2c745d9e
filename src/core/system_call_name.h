// System calls that block, by name.
#ifndef PREEMPT_CORE_SYSTEM_CALL_NAME_H_
#define PREEMPT_CORE_SYSTEM_CALL_NAME_H_

#include <string>

#include "os/thread_call.h"

namespace preempt::core {

// As in "futex(0x7f0012345678)", "read(5)", "system call 999". The argument is given where it says what is waited for.
std::string describe(const os::ThreadCall& call);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_SYSTEM_CALL_NAME_H_
