#include "fiber/exception_globals.h"

#include <cxxabi.h>

namespace preempt::fiber {

void ExceptionGlobals::allocate_for_thread() noexcept { static_cast<void>(abi::__cxa_get_globals()); }

__attribute__((noinline)) void ExceptionGlobals::exchange_with_thread(const ExceptionGlobals& other) noexcept {
  auto* of_thread = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
  const ExceptionGlobals incoming = other;
  *this = *of_thread;
  *of_thread = incoming;
  asm volatile("" ::: "memory");
}

}  // namespace preempt::fiber
