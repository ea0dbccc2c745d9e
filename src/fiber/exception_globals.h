// The part of a fiber that the C++ runtime keeps for each thread: exceptions in flight.
#ifndef PREEMPT_FIBER_EXCEPTION_GLOBALS_H_
#define PREEMPT_FIBER_EXCEPTION_GLOBALS_H_

namespace preempt::fiber {

// __cxa_eh_globals of the Itanium C++ ABI (section 2.2.2): the stack of caught exceptions and the number of uncaught
// ones. A fiber that is switched away from inside a catch block takes its own along.
struct ExceptionGlobals {
  void* caught = nullptr;
  unsigned int uncaught = 0;

  // Before the first switch of a thread: the C++ runtime may allocate its place at the first use, which must not be in
  // the scheduler.
  static void adopt_thread() noexcept;

  // Stores the calling thread's in *this and gives the thread `other`'s. Not inlined, so that
  // no address of a thread-local is kept over a switch to another thread.
  void exchange_with_thread(const ExceptionGlobals& other) noexcept;
};

}  // namespace preempt::fiber

#endif  // PREEMPT_FIBER_EXCEPTION_GLOBALS_H_
