// This process's memory, for a reader that does not know what is mapped.
#ifndef PREEMPT_OS_OWN_MEMORY_H_
#define PREEMPT_OS_OWN_MEMORY_H_

#include <cstddef>
#include <cstdint>

namespace preempt::os {

// By /proc/self/mem: what is not mapped, or vanishes meanwhile, is an error and no SIGSEGV.
class OwnMemory {
 public:
  OwnMemory() noexcept;
  ~OwnMemory();
  OwnMemory(const OwnMemory&) = delete;
  OwnMemory& operator=(const OwnMemory&) = delete;

  // False: not all of it could be read.
  bool read(std::uint64_t address, void* to, std::size_t size) const noexcept;
  template <class T>
  bool read(std::uint64_t address, T& to) const noexcept {
    return read(address, &to, sizeof(T));
  }
  // A copy of what another thread may be writing: torn at worst, which the compiler need not know.
  template <class T>
  bool copy(const T& from, T& to) const noexcept {
    return read(reinterpret_cast<std::uintptr_t>(&from), &to, sizeof(T));
  }

 private:
  const int file_;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_OWN_MEMORY_H_
