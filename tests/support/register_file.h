// The whole register file of an interrupted instruction, as the kernel put it into the signal's frame.
#ifndef PREEMPT_TESTS_SUPPORT_REGISTER_FILE_H_
#define PREEMPT_TESTS_SUPPORT_REGISTER_FILE_H_

#include <cpuid.h>
#include <ucontext.h>

#include <array>
#include <cstdint>
#include <cstring>

#include "asm/async.h"

namespace preempt::testing {

// Where XSAVE puts the parts that came after SSE (CPUID leaf 0xD), in the standard format that signal frames have.
struct ExtendedState {
  struct Part {
    const char* name;
    unsigned number;  // bit of XCR0
    unsigned offset = 0, size = 0;
  };
  // Not PKRU, which belongs to the thread, nor AMX tiles, with which nothing is injected.
  std::array<Part, 4> parts = {{{"ymm, upper halves", 2}, {"k", 5}, {"zmm0-15, upper halves", 6}, {"zmm16-31", 7}}};

  ExtendedState() {
    for (Part& part : parts) {
      unsigned unused;
      __get_cpuid_count(0xD, part.number, &part.size, &part.offset, &unused, &unused);
    }
  }
};
inline const ExtendedState extended_state;

// The sixteen integer registers but rip, the flags, x87, MXCSR, every vector and mask register, and the red zone.
// save() and difference() are for signal handlers.
class RegisterFile {
 public:
  void save(const ucontext_t& context) {
    const greg_t* from = context.uc_mcontext.gregs;
    std::memcpy(integers_.data(), from, sizeof(integers_));
    flags_ = from[REG_EFL] & kFlags;
    const auto* area = reinterpret_cast<const unsigned char*>(context.uc_mcontext.fpregs);
    x87_ = {};
    std::memcpy(x87_.data(), area, kModes);
    for (std::size_t i = 0; i < 8; ++i) std::memcpy(&x87_[kModes + 10 * i], area + kX87 + 16 * i, 10);
    std::memcpy(&mxcsr_, area + kMxcsr, sizeof(mxcsr_));
    std::memcpy(xmm_.data(), area + kXmm, sizeof(xmm_));
    save_extended(area);
    std::memcpy(red_zone_.data(), reinterpret_cast<const unsigned char*>(from[REG_RSP]) - sizeof(red_zone_),
                sizeof(red_zone_));
  }

  // Which registers are not as in `other`: the first found. Null: none.
  const char* difference(const RegisterFile& other) const {
    static constexpr const char* kNames[] = {"r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15",
                                             "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx", "rsp"};
    for (std::size_t i = 0; i < integers_.size(); ++i) {
      if (integers_[i] != other.integers_[i]) return kNames[i];
    }
    if (flags_ != other.flags_) return "flags";
    if (x87_ != other.x87_) return "x87";
    if (mxcsr_ != other.mxcsr_) return "mxcsr";
    if (xmm_ != other.xmm_) return "xmm";
    for (std::size_t i = 0; i < extended_state.parts.size(); ++i) {
      if (extended_[i] != other.extended_[i]) return extended_state.parts[i].name;
    }
    return red_zone_ != other.red_zone_ ? "red zone" : nullptr;
  }

 private:
  // Layout of FXSAVE (Intel SDM volume 1, 10.5.1) and of the XSAVE header.
  static constexpr std::size_t kModes = 5, kMxcsr = 24, kX87 = 32, kXmm = 160, kHeader = 512;
  static constexpr std::size_t kMostBytes = 16 * 64;
  // Without RF, which tells whether an instruction was repeated: it is the kernel's to set.
  static constexpr greg_t kFlags = 0x244fd5;
  static_assert(REG_R8 == 0 && REG_RSP == 15 && REG_RIP == 16);

  // A part that is not in use is zero; what lies in its place then means nothing. FXSAVE is for cpus that have none.
  void save_extended(const unsigned char* area) {
    std::uint64_t in_use = 0;
    if (preempt_asm_vector_state.method != PREEMPT_VECTOR_FXSAVE) std::memcpy(&in_use, area + kHeader, sizeof(in_use));
    for (std::size_t i = 0; i < extended_.size(); ++i) {
      const ExtendedState::Part& part = extended_state.parts[i];
      extended_[i] = {};
      if ((in_use >> part.number & 1) != 0) std::memcpy(extended_[i].data(), area + part.offset, part.size);
    }
  }

  std::array<greg_t, 16> integers_;
  greg_t flags_;
  std::array<unsigned char, kModes + 8 * 10> x87_;  // control, status and tag words, then the stack
  std::uint32_t mxcsr_;
  std::array<unsigned char, 16 * 16> xmm_;
  std::array<std::array<unsigned char, kMostBytes>, 4> extended_;
  std::array<unsigned char, 128> red_zone_;
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_REGISTER_FILE_H_
