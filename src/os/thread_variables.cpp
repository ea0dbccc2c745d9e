#include "os/thread_variables.h"

#include <link.h>

#include <algorithm>
#include <cstddef>

namespace preempt::os {
namespace {

// The blocks lie below the control block (psABI, TLS variant II), those of libraries loaded later anywhere.
constexpr std::uintptr_t kMostVariables = std::uintptr_t{1} << 20;
// Of struct pthread, the beginning of which user code has pointers to.
constexpr std::uintptr_t kControlBlock = 2048;

int add_block(dl_phdr_info* object, std::size_t, void* data) {
  auto& variables = *static_cast<ThreadVariables*>(data);
  const auto block = reinterpret_cast<std::uintptr_t>(object->dlpi_tls_data);
  const std::uintptr_t control_block = variables.high - kControlBlock;
  if (block < control_block && control_block - block < kMostVariables) variables.low = std::min(variables.low, block);
  return 0;
}

}  // namespace

ThreadVariables thread_variables() noexcept {
  std::uintptr_t control_block;
  asm("movq %%fs:0, %0" : "=r"(control_block));
  ThreadVariables variables = {.low = control_block, .high = control_block + kControlBlock};
  dl_iterate_phdr(&add_block, &variables);
  return variables;
}

}  // namespace preempt::os
