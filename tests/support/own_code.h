// The library's functions in assembly.
#ifndef PREEMPT_TESTS_SUPPORT_OWN_CODE_H_
#define PREEMPT_TESTS_SUPPORT_OWN_CODE_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "asm/async.h"
#include "asm/switch.h"
#include "preempt/stats.h"

extern "C" void preempt_asm_loop();  // the next one

namespace preempt::testing {

struct OwnCode {
  const char* name;
  std::uintptr_t begin, end;
  Verdict verdict;           // of a signal at any of its instructions
  std::size_t instructions;  // that are ever reached, with every method to save the vector registers
  bool contains(std::uintptr_t pc) const { return begin <= pc && pc < end; }
};

template <class Code>
std::uintptr_t address_of(Code* code) {
  return reinterpret_cast<std::uintptr_t>(code);
}

inline const std::array<OwnCode, 3> own_code = {{
    {"preempt_asm_async", address_of(&preempt_asm_async), address_of(&preempt_asm_loop), Verdict::kTryAgain, 77},
    {"preempt_asm_switch", address_of(&preempt_asm_switch), address_of(&preempt_asm_fiber_entry), Verdict::kInScheduler,
     22},
    {"preempt_asm_fiber_entry", address_of(&preempt_asm_fiber_entry), address_of(&preempt_asm_fiber_entry) + 16,
     Verdict::kInScheduler, 4},
}};

// Null: another's.
inline const OwnCode* own_code_at(std::uintptr_t pc) {
  for (const OwnCode& code : own_code) {
    if (code.contains(pc)) return &code;
  }
  return nullptr;
}

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_SUPPORT_OWN_CODE_H_
