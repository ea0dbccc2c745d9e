#include "fiber/exception_globals.h"

#include <cxxabi.h>

namespace preempt::fiber {
namespace {

// Where the C++ runtime keeps the calling thread's: asking it takes as long as the rest of a switch.
thread_local constinit ExceptionGlobals* place = nullptr;

}  // namespace

void ExceptionGlobals::adopt_thread() noexcept {
  place = reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals());
}

__attribute__((noinline)) void ExceptionGlobals::exchange_with_thread(const ExceptionGlobals& other) noexcept {
  ExceptionGlobals* const of_thread = place;
  const ExceptionGlobals incoming = other;
  *this = *of_thread;
  *of_thread = incoming;
  asm volatile("" ::: "memory");
}

}  // namespace preempt::fiber
