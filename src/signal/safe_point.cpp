#include "signal/safe_point.h"

#include "asm/async.h"
#include "signal/code_ranges.h"
#include "signal/interrupted_call.h"

extern "C" const char preempt_asm_async_end[];

namespace preempt::signal {
namespace {

// In a task that waits for the processor inside libc or the allocator, a lock may wait with it.
constexpr int kMostTries = 3;

std::uintptr_t register_of(const ucontext_t& context, int which) noexcept {
  return static_cast<std::uintptr_t>(context.uc_mcontext.gregs[which]);
}

// AMX tiles hold 8 KiB that the trampoline does not save: such a task keeps its thread.
bool tiles_are_live(const ucontext_t& context) noexcept {
  constexpr std::uint32_t kFpXstateMagic1 = 0x46505853;  // arch/x86/include/uapi/asm/sigcontext.h
  constexpr std::size_t kSoftwareBytes = 464, kXstateHeader = 512;
  const char* area = reinterpret_cast<const char*>(context.uc_mcontext.fpregs);
  if (area == nullptr || *reinterpret_cast<const std::uint32_t*>(area + kSoftwareBytes) != kFpXstateMagic1)
    return false;
  return (*reinterpret_cast<const std::uint64_t*>(area + kXstateHeader) & assembly::kTileData) != 0;
}

bool may_inject(const ucontext_t& context, const fiber::Gate& gate) noexcept {
  const std::uintptr_t stack_pointer = register_of(context, REG_RSP);
  return gate.migratable.load(std::memory_order_relaxed) && is_signal_safe(register_of(context, REG_RIP)) &&
         gate.fiber_stack.contains(stack_pointer) &&
         stack_pointer - gate.fiber_stack.low > assembly::async_frame_size() + PREEMPT_ROOM_FOR_SCHEDULER &&
         !tiles_are_live(context);
}

}  // namespace

Verdict decide(const ucontext_t& context, const fiber::Gate& gate, std::uintptr_t here) noexcept {
  const std::uintptr_t pc = register_of(context, REG_RIP);
  const InterruptedCall call = interrupted_call(context);
  if (call == InterruptedCall::kRestartable || call == InterruptedCall::kContinuable) return Verdict::kCallRewound;
  if (gate.in_scheduler.load(std::memory_order_relaxed)) return Verdict::kInScheduler;
  if (gate.closed_by_scope()) return Verdict::kNoPreempt;
  if (gate.alternate_stack.contains(register_of(context, REG_RSP))) return Verdict::kInSignalHandler;
  if (!gate.alternate_stack.contains(here) && !gate.fiber_stack.contains(here)) return Verdict::kForeignStack;
  // Between its first instruction and its call the trampoline is user context by the flags above, but half a frame.
  const auto trampoline = reinterpret_cast<std::uintptr_t>(&preempt_asm_async);
  if (trampoline <= pc && pc < reinterpret_cast<std::uintptr_t>(preempt_asm_async_end)) return Verdict::kTryAgain;
  const bool everywhere = gate.mode == Preemption::kEverywhere;
  if (gate.lost.load(std::memory_order_relaxed) == fiber::Lost::kTaken && (everywhere || is_signal_safe(pc))) {
    return Verdict::kWithoutProcessor;
  }
  if (call == InterruptedCall::kUnreadable) return Verdict::kCallUnreadable;
  if (may_inject(context, gate)) return Verdict::kFiberSwitch;
  if (!everywhere && !is_signal_safe(pc)) return Verdict::kNotSafe;
  if (gate.tries < kMostTries && is_hot(pc)) return Verdict::kTryAgain;
  return Verdict::kThreadSwitch;
}

}  // namespace preempt::signal
