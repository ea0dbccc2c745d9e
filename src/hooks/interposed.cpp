// The hooks of the shared library: each has the name of what it hooks, and comes before it in the loader's order.
#include <sched.h>

#include <cerrno>
#include <type_traits>

#include "hooks/forward.h"
#include "hooks/libc.h"
#include "hooks/next.h"
#include "hooks/signature.h"

namespace preempt::hooks {
namespace {

// There is nothing to forward to: a libc that lacks the call, or a call from inside dlsym. Error numbers and -1 are
// both no success; the message is in errno.
template <class R>
R answer_nothing() {
  errno = ENOSYS;
  if constexpr (!std::is_void_v<R>) return static_cast<R>(-1);
}

// The same for locks, which must not fail inside a malloc.
template <class Lock>
int spin_on(int (*try_lock)(Lock*), std::type_identity_t<Lock>* lock) {
  for (;;) {
    const int tried = try_lock(lock);
    if (tried != EBUSY) return tried;
    sched_yield();
  }
}

#define PREEMPT_HOOK(name, count) constinit Next<Plain<decltype(::name)>> next_##name(#name);
#define PREEMPT_LOCK(name, try_name)                                 \
  constinit Next<Plain<decltype(::name)>> next_##name(#name);        \
  constinit Next<Plain<decltype(::try_name)>> next_##try_name(#try_name);
#include "hooks/calls.inc"
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK

// Of two constructors without an order, the one with a priority comes first.
[[gnu::constructor(101)]] void find_all() {
#define PREEMPT_HOOK(name, count) static_cast<void>(next_##name.get());
#define PREEMPT_LOCK(name, try_name)       \
  static_cast<void>(next_##name.get());    \
  static_cast<void>(next_##try_name.get());
#include "hooks/calls.inc"
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK
}

}  // namespace

// Under a C++ name of their own, or glibc's declarations, some noexcept and some with attributes, would clash.
#define PREEMPT_FORWARD(name, count, forward)                                                                          \
  extern "C" PREEMPT_EXPORT Result<decltype(::name)> hook_##name(PREEMPT_PARAMETERS_##count(name)) asm(#name);         \
  Result<decltype(::name)> hook_##name(PREEMPT_PARAMETERS_##count(name)) {                                             \
    auto* real = next_##name.get();                                                                                    \
    if (real == nullptr) [[unlikely]] return answer_nothing<Result<decltype(::name)>>();                               \
    return forward(real PREEMPT_ARGUMENTS_##count);                                                                    \
  }
#define PREEMPT_HOOK(name, count) PREEMPT_FORWARD(name, count, forward)
#define PREEMPT_SLEEP(name, count) PREEMPT_FORWARD(name, count, forward_sleep)
#define PREEMPT_LOCK(name, try_name)                                                                                   \
  extern "C" PREEMPT_EXPORT int hook_##name(PREEMPT_PARAMETERS_1(name)) asm(#name);                                    \
  int hook_##name(PREEMPT_PARAMETERS_1(name)) {                                                                        \
    auto* real = next_##name.get();                                                                                    \
    auto* real_try = next_##try_name.get();                                                                            \
    if (real == nullptr || real_try == nullptr) [[unlikely]] return spin_on(&::try_name, a);                           \
    return forward_lock(real, real_try, a);                                                                            \
  }
#include "hooks/calls.inc"
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK
#undef PREEMPT_FORWARD

}  // namespace preempt::hooks
