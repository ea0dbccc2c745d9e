#include "signal/continued_call.h"

#include <pthread.h>
#include <signal.h>

#include <cerrno>

#include "os/thread.h"

namespace preempt::signal {
namespace {

// Else the program's own signals of that number would have to wait for the call, maybe for hours.
void open_to(int signal) noexcept {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
}

}  // namespace

bool continue_call(ucontext_t& context, const fiber::Gate& gate, int signal) noexcept {
  const std::uint32_t answered = gate.signals.load(std::memory_order_relaxed);
  open_to(signal);
  const long result = os::restart_call();
  if (result == -ENOSYS || result == -EPERM) return false;
  // Any handler's return makes the kernel forget the call. If it was not ours, the EINTR is the program's.
  if (result == -EINTR && gate.signals.load(std::memory_order_relaxed) != answered) return false;
  context.uc_mcontext.gregs[REG_RAX] = result;
  return true;
}

}  // namespace preempt::signal
