#include "signal/push_call.h"

#include "asm/async.h"

namespace preempt::signal {
namespace {

// Between two instructions a stack pointer may be anything.
using Unaligned [[gnu::aligned(1)]] = greg_t;

}  // namespace

void push_call(ucontext_t& context) noexcept {
  greg_t* registers = context.uc_mcontext.gregs;
  registers[REG_RSP] -= PREEMPT_RED_ZONE + static_cast<greg_t>(sizeof(greg_t));
  *reinterpret_cast<Unaligned*>(registers[REG_RSP]) = registers[REG_RIP];
  registers[REG_RIP] = reinterpret_cast<greg_t>(&preempt_asm_async);
}

}  // namespace preempt::signal
