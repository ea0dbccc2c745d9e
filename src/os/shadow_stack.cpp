#include "os/shadow_stack.h"

#include <sys/syscall.h>
#include <unistd.h>

namespace preempt::os {

bool shadow_stack_is_on() noexcept {
  constexpr int kArchShstkStatus = 0x5005;  // arch/x86/include/uapi/asm/prctl.h
  constexpr unsigned long kArchShstkShstk = 1;
  unsigned long features = 0;
  return syscall(SYS_arch_prctl, kArchShstkStatus, &features) == 0 && (features & kArchShstkShstk) != 0;
}

}  // namespace preempt::os
