// What a hook of either kind does.
#ifndef PREEMPT_HOOKS_FORWARD_H_
#define PREEMPT_HOOKS_FORWARD_H_

#include <pthread.h>

#include <type_traits>

#include "preempt/blocking.h"
#include "preempt/detail/may_block.h"

namespace preempt::hooks {

// The scope ends also when the thread is cancelled in the call: that unwinds by running destructors. Not inlined, so
// that the hook itself has no landing pads: off workers it jumps to the real call, and a thread with asynchronous
// cancellation can be unwound at each of its instructions.
template <class R, class... A>
[[gnu::noinline]] R call_in_scope(R (*real)(A...), std::type_identity_t<A>... arguments) {
  const Blocking blocking;
  return real(arguments...);
}
template <class R, class... A>
[[gnu::noinline]] R call_without_processor(R (*real)(A...), std::type_identity_t<A>... arguments) {
  const Blocking blocking(kNow);
  return real(arguments...);
}

template <class R, class... A>
[[gnu::always_inline]] inline R forward(R (*real)(A...), std::type_identity_t<A>... arguments) {
  if (!detail::may_block_here()) [[likely]] return real(arguments...);
  return call_in_scope(real, arguments...);
}

// A call that surely sleeps: without the time until the watchdog notices.
template <class R, class... A>
[[gnu::always_inline]] inline R forward_sleep(R (*real)(A...), std::type_identity_t<A>... arguments) {
  if (!detail::may_block_here()) [[likely]] return real(arguments...);
  return call_without_processor(real, arguments...);
}

// glibc 2.36: pthread_mutex_trylock of a robust mutex that is not recoverable says so and keeps it locked, so that the
// next pthread_mutex_lock sleeps for ever instead of saying it too. The kinds are those of glibc's nptl/pthreadP.h.
inline bool may_be_tried(const pthread_mutex_t& mutex) {
  constexpr int kRobust = 16, kInheritsPriority = 32;
  return (mutex.__data.__kind & (kRobust | kInheritsPriority)) == 0;
}
inline bool may_be_tried(const pthread_rwlock_t&) { return true; }

// Why a lock cannot be had is answered by the real call alone: for a relock by the owner it says EDEADLK where the try
// says EBUSY.
template <class Lock>
[[gnu::always_inline]] inline int forward_lock(int (*real)(Lock*), int (*try_lock)(Lock*), Lock* lock) {
  if (!detail::may_block_here()) [[likely]] return real(lock);
  if (may_be_tried(*lock) && try_lock(lock) == 0) return 0;
  return call_in_scope(real, lock);
}

}  // namespace preempt::hooks

#endif  // PREEMPT_HOOKS_FORWARD_H_
