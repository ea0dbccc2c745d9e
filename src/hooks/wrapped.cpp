// The hooks of the archive, for `ld --wrap`: the linker makes each `NAME` of the program a `__wrap_NAME`, and each
// `__real_NAME` here a `NAME`.
#include "hooks/forward.h"
#include "hooks/libc.h"
#include "hooks/signature.h"

namespace preempt::hooks {

#define PREEMPT_FORWARD(name, count, forward)                                                                    \
  extern "C" Plain<decltype(::name)> real_##name asm("__real_" #name);                                           \
  extern "C" Result<decltype(::name)> hook_##name(PREEMPT_PARAMETERS_##count(name)) asm("__wrap_" #name);        \
  Result<decltype(::name)> hook_##name(PREEMPT_PARAMETERS_##count(name)) {                                       \
    return forward(&real_##name PREEMPT_ARGUMENTS_##count);                                                      \
  }
#define PREEMPT_HOOK(name, count) PREEMPT_FORWARD(name, count, forward)
#define PREEMPT_SLEEP(name, count) PREEMPT_FORWARD(name, count, forward_sleep)
#define PREEMPT_LOCK(name, try_name)                                                                             \
  extern "C" Plain<decltype(::name)> real_##name asm("__real_" #name);                                           \
  extern "C" int hook_##name(PREEMPT_PARAMETERS_1(name)) asm("__wrap_" #name);                                   \
  int hook_##name(PREEMPT_PARAMETERS_1(name)) { return forward_lock(&real_##name, &::try_name, a); }
#include "hooks/calls.inc"
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK
#undef PREEMPT_FORWARD

}  // namespace preempt::hooks
