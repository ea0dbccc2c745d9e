// From one frame of a stack to its caller's.
#ifndef PREEMPT_CORE_CALL_FRAME_H_
#define PREEMPT_CORE_CALL_FRAME_H_

#include <array>
#include <cstdint>
#include <optional>

#include "os/own_memory.h"

namespace preempt::core {

// Registers of a frame by their DWARF numbers (System V ABI, AMD64 supplement, figure 3.36), as far as they are known.
// Of a thread asleep in a system call that is at first the stack pointer and the program counter.
class FrameRegisters {
 public:
  enum Number { kRbx = 3, kRbp = 6, kRsp = 7, kR12 = 12, kR15 = 15, kProgramCounter = 16, kCount };

  FrameRegisters(std::uint64_t program_counter, std::uint64_t stack_pointer) {
    set(kProgramCounter, program_counter);
    set(kRsp, stack_pointer);
  }

  std::optional<std::uint64_t> get(std::uint64_t number) const {
    return number < kCount ? values_[number] : std::nullopt;
  }
  void set(std::uint64_t number, std::optional<std::uint64_t> value) {
    if (number < kCount) values_[number] = value;
  }
  std::uint64_t program_counter() const { return *values_[kProgramCounter]; }
  std::uint64_t stack_pointer() const { return *values_[kRsp]; }

  // Whether the program counter is where a call returns to, and not where a signal came: the call, before it, may be
  // the last instruction of its function.
  bool is_return_address = false;

 private:
  std::array<std::optional<std::uint64_t>, kCount> values_;
};

enum class Unwound {
  kCaller,              // `registers` are the caller's
  kOutermost,           // there is none
  kNoTable,             // the program counter is in code without unwind tables, or with what is not understood here
  kFramePointerNeeded,  // the tables count from rbp, which is not known
};

// By the tables that compilers leave for exceptions (.eh_frame: DWARF 5, section 6.4). What is not known stays so: no
// register is guessed.
Unwound unwind(FrameRegisters& registers, const os::OwnMemory& memory);

// Where the function begins that an address is in; 0: no table says so.
std::uint64_t function_at(std::uint64_t address);

}  // namespace preempt::core

#endif  // PREEMPT_CORE_CALL_FRAME_H_
