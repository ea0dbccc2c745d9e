#include "os/alternate_stack.h"

#include <signal.h>
#include <sys/auxv.h>

#include <algorithm>

#include "os/memory.h"

#ifndef AT_MINSIGSTKSZ
#define AT_MINSIGSTKSZ 51
#endif

namespace preempt::os {
namespace {

// The kernel's signal frame grows with the cpu's registers: AMX alone needs more than the classic SIGSTKSZ.
std::size_t signal_frame_size() noexcept {
  constexpr std::size_t kLeast = 4096;
  return std::max<std::size_t>(getauxval(AT_MINSIGSTKSZ), kLeast);
}

}  // namespace

bool AlternateStack::map() noexcept {
  constexpr std::size_t kRoom = 64 * 1024;
  const std::size_t size = (kRoom + 2 * signal_frame_size() + 2 * kPage - 1) / kPage * kPage;
  address_ = static_cast<char*>(map_lazily(size));
  if (address_ == nullptr) return false;
  size_ = size;
  guard(address_, kPage);
  return true;
}

AlternateStack::~AlternateStack() {
  if (address_ != nullptr) unmap(address_, size_);
}

void AlternateStack::install() const noexcept {
  stack_t stack = {};
  stack.ss_sp = address_ + kPage;
  stack.ss_size = size_ - kPage;
  sigaltstack(&stack, nullptr);
}

void AlternateStack::uninstall() const noexcept {
  stack_t current = {};
  sigaltstack(nullptr, &current);
  if (current.ss_sp != address_ + kPage) return;  // a task put its own there
  stack_t none = {};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
}

}  // namespace preempt::os
