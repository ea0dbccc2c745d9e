// pthread's mutexes, each with a note of who holds which. Beside preempt::blocking_hooks either may come first.
#include <pthread.h>
#include <time.h>

#include <cerrno>

#include "hooks/next.h"
#include "preempt/detail/promise_checks.h"

namespace preempt::promises {
namespace {

using Lock = int(pthread_mutex_t*);
using TimedLock = int(pthread_mutex_t*, const timespec*);
using ClockLock = int(pthread_mutex_t*, clockid_t, const timespec*);

constinit hooks::Next<Lock> next_lock("pthread_mutex_lock");
constinit hooks::Next<Lock> next_trylock("pthread_mutex_trylock");
constinit hooks::Next<TimedLock> next_timedlock("pthread_mutex_timedlock");
constinit hooks::Next<ClockLock> next_clocklock("pthread_mutex_clocklock");
constinit hooks::Next<Lock> next_unlock("pthread_mutex_unlock");

[[gnu::constructor(101)]] void begin() {
  static_cast<void>(next_lock.get());
  static_cast<void>(next_trylock.get());
  static_cast<void>(next_timedlock.get());
  static_cast<void>(next_clocklock.get());
  static_cast<void>(next_unlock.get());
  detail::check_promises();
}

// The owner of a robust mutex that died left it to us.
int noted(int result, const void* mutex, const void* caller) {
  if (result == 0 || result == EOWNERDEAD) detail::note_lock(mutex, caller);
  return result;
}

template <class Function, class... Arguments>
int take(hooks::Next<Function>& next, const void* caller, pthread_mutex_t* mutex, Arguments... arguments) {
  Function* const real = next.get();
  return real == nullptr ? ENOSYS : noted(real(mutex, arguments...), mutex, caller);
}

}  // namespace

// Under a C++ name of their own: glibc's declarations are noexcept, and carry attributes.
extern "C" {
PREEMPT_EXPORT int checked_lock(pthread_mutex_t* mutex) asm("pthread_mutex_lock");
PREEMPT_EXPORT int checked_trylock(pthread_mutex_t* mutex) asm("pthread_mutex_trylock");
PREEMPT_EXPORT int checked_timedlock(pthread_mutex_t* mutex, const timespec* end) asm("pthread_mutex_timedlock");
PREEMPT_EXPORT int checked_clocklock(pthread_mutex_t* mutex, clockid_t clock,
                                     const timespec* end) asm("pthread_mutex_clocklock");
PREEMPT_EXPORT int checked_unlock(pthread_mutex_t* mutex) asm("pthread_mutex_unlock");
}

int checked_lock(pthread_mutex_t* mutex) { return take(next_lock, __builtin_return_address(0), mutex); }
int checked_trylock(pthread_mutex_t* mutex) { return take(next_trylock, __builtin_return_address(0), mutex); }
int checked_timedlock(pthread_mutex_t* mutex, const timespec* end) {
  return take(next_timedlock, __builtin_return_address(0), mutex, end);
}
int checked_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* end) {
  return take(next_clocklock, __builtin_return_address(0), mutex, clock, end);
}

// Noted before: afterwards the mutex may be somebody else's, or gone.
int checked_unlock(pthread_mutex_t* mutex) {
  detail::note_unlock(mutex);
  Lock* const real = next_unlock.get();
  return real == nullptr ? ENOSYS : real(mutex);
}

}  // namespace preempt::promises
