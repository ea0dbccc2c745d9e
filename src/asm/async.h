// The call that the signal handler injects into a migratable task (Go: asyncPreempt, src/runtime/preempt_amd64.s).
#ifndef PREEMPT_ASM_ASYNC_H_
#define PREEMPT_ASM_ASYNC_H_

#include <cstddef>
#include <cstdint>

#include "asm/frame_layout.h"

extern "C" {

// Entered as if the interrupted instruction had called it, with the return address pushed below the red zone. Saves
// every register and flag, calls preempt_async_entry(), restores them and returns over the red zone.
void preempt_asm_async();

// C++ side; runs on the task's own stack, in user context with a default floating-point environment.
// `registers`: the integer registers as saved, to be restored.
void preempt_async_entry(std::uint64_t* registers, std::size_t count);

// Set by detect_vector_state() before the first signal.
extern preempt::assembly::VectorState preempt_asm_vector_state;
}

namespace preempt::assembly {

// Asks CPUID how to save the vector registers. Idempotent.
void detect_vector_state() noexcept;

// Bytes of stack that preempt_asm_async takes, the red zone included.
std::size_t async_frame_size() noexcept;

// Feature bit of AMX's tile registers in XCR0 and in the XSAVE header's XSTATE_BV.
inline constexpr std::uint64_t kTileData = std::uint64_t{1} << 18;

// Whether the calling thread uses AMX tiles, as far as the cpu tells it. Async-signal-safe.
bool tiles_are_live() noexcept;

}  // namespace preempt::assembly

#endif  // PREEMPT_ASM_ASYNC_H_
