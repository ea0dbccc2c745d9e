// errno across a call after which another thread may run this code.
#ifndef PREEMPT_OS_SAVED_ERRNO_H_
#define PREEMPT_OS_SAVED_ERRNO_H_

namespace preempt::os {

// Keeps errno over a scope. GCC holds __errno_location() in a register across calls, because it is declared const; a
// fiber that went on with another thread would then write into the former thread's errno. So both accesses are calls
// that are not inlined.
class SavedErrno {
 public:
  SavedErrno() noexcept : value_(read()) {}
  ~SavedErrno() { write(value_); }
  SavedErrno(const SavedErrno&) = delete;
  SavedErrno& operator=(const SavedErrno&) = delete;

 private:
  static int read() noexcept;
  static void write(int value) noexcept;

  const int value_;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_SAVED_ERRNO_H_
