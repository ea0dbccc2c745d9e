#include "signal/disposition.h"

#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <mutex>

namespace preempt::signal {
namespace {

// `former` is written before our handler is in place and not while it is; the handler reads it without a lock.
struct Disposition {
  struct sigaction former = {};
  std::atomic<bool> former_spent = false;  // SA_RESETHAND: ran once
  Handler ours = nullptr;
  int users = 0;
  bool installed = false;
};

constinit std::mutex dispositions_mutex;
constinit std::array<Disposition, NSIG> dispositions;

bool shows(int signal, Handler handler) noexcept {
  struct sigaction current;
  return handler != nullptr && sigaction(signal, nullptr, &current) == 0 && (current.sa_flags & SA_SIGINFO) != 0 &&
         current.sa_sigaction == handler;
}

void install(int signal, Disposition& disposition) {
  struct sigaction action = {};
  action.sa_sigaction = disposition.ours;
  // An empty mask: glibc's own signals and other libraries' stop-the-world signals must reach a parked thread.
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
  sigaction(signal, nullptr, &disposition.former);
  disposition.former_spent.store(false, std::memory_order_relaxed);
  sigaction(signal, &action, nullptr);
  disposition.installed = true;
}

// The kernel's answer to what the thread itself did: no disposition and no mask can hold it off (force_sig_info() in
// Linux, kernel/signal.c).
bool is_fault(int signal, const siginfo_t& info) noexcept { return signal == SIGSEGV && info.si_code > 0; }

// SI_KERNEL may also stand for a broken signal frame: then there is no instruction to go back to.
bool happens_again(int signal, const siginfo_t& info) noexcept {
  return is_fault(signal, info) && info.si_code != SI_KERNEL;
}

// What ends the process does so when our handler returns: the core file shows where the signal came, not where it was
// handled.
void act_by_default(int signal, siginfo_t& info) noexcept {
  switch (signal) {
    case SIGURG:
    case SIGCHLD:
    case SIGWINCH:
    case SIGCONT:
      return;
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
      kill(getpid(), SIGSTOP);
      return;
    default:
      break;
  }
  struct sigaction by_default = {};
  by_default.sa_handler = SIG_DFL;
  sigaction(signal, &by_default, nullptr);
  if (happens_again(signal, info)) return;
  // Blocked until then. With its sender, unless a sandbox refuses that.
  const long thread = syscall(SYS_gettid);
  if (syscall(SYS_rt_tgsigqueueinfo, getpid(), thread, signal, &info) != 0) {
    syscall(SYS_tgkill, getpid(), thread, signal);
  }
}

}  // namespace

void acquire(int signal, Handler handler) {
  const std::lock_guard hold(dispositions_mutex);
  Disposition& disposition = dispositions[signal];
  // A handler that lies over ours forwards to us as far as we know: putting ours over it would make a circle.
  if (disposition.users++ > 0 || disposition.installed) return;
  disposition.ours = handler;
  install(signal, disposition);
}

void release(int signal) {
  const std::lock_guard hold(dispositions_mutex);
  Disposition& disposition = dispositions[signal];
  if (--disposition.users > 0 || !shows(signal, disposition.ours)) return;
  struct sigaction former = disposition.former;
  if (disposition.former_spent.load(std::memory_order_relaxed)) former.sa_handler = SIG_DFL;
  sigaction(signal, &former, nullptr);
  disposition.installed = false;
}

void lock_dispositions() { dispositions_mutex.lock(); }
void unlock_dispositions() { dispositions_mutex.unlock(); }

bool is_ours(int signal) noexcept { return shows(signal, dispositions[signal].ours); }

void forward(int signal, siginfo_t* info, void* context) noexcept {
  Disposition& disposition = dispositions[signal];
  const struct sigaction& former = disposition.former;
  const bool once = (former.sa_flags & SA_RESETHAND) != 0;
  const bool spent = once && disposition.former_spent.exchange(true, std::memory_order_relaxed);
  const bool ignored = former.sa_handler == SIG_IGN;
  if (spent || former.sa_handler == SIG_DFL || (ignored && is_fault(signal, *info))) {
    return act_by_default(signal, *info);
  }
  if (ignored) return;

  sigset_t before;
  pthread_sigmask(SIG_BLOCK, &former.sa_mask, &before);
  if ((former.sa_flags & SA_NODEFER) != 0) {
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal);
    pthread_sigmask(SIG_UNBLOCK, &only, nullptr);
  }
  if ((former.sa_flags & SA_SIGINFO) != 0) {
    former.sa_sigaction(signal, info, context);
  } else {
    former.sa_handler(signal);
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace preempt::signal
