// What a checkpoint costs that is taken: two migratable tasks on one processor, of which each asks at once for the
// other. The watchdog's part, to find that a slice is over, is left out by asking in its place. Prints the nanoseconds
// for each switch: at PREEMPT_CHECKPOINT(), at one that the compiler put in, by a signal and the call that its handler
// injects; and last those of a bare signal to oneself.
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>

#include "called.h"
#include "fiber/gate.h"
#include "os/thread.h"
#include "preempt/executor.h"
#include "preempt/signal_safe.h"

namespace preempt::bench {
namespace {

using fiber::Entry;
using fiber::Gate;

constexpr int kTurns = 50'000;

// The scheduler's, which would say that no slice is over yet: a yield has none to wait for.
Verdict (*real_on_preempt)(Gate&, Entry) = nullptr;
Verdict as_yield(Gate& gate, Entry) { return real_on_preempt(gate, Entry::kYield); }

void ask() { fiber::own_guard_word()->store(Gate::kAsked, std::memory_order_relaxed); }

void at_checkpoints(const siginfo_t&) {
  for (int i = 0; i < kTurns; ++i) {
    ask();
    PREEMPT_CHECKPOINT();
  }
}

void at_prologues(const siginfo_t&) {
  for (int i = 0; i < kTurns; ++i) {
    ask();
    called(i);
  }
}

// The system call stands in marked code, so that the signal that it sends is answered by an injected call.
PREEMPT_SIGNAL_SAFE void send(const siginfo_t& info, std::int64_t process, std::int64_t thread) {
  std::int64_t result = SYS_rt_tgsigqueueinfo;
  register const siginfo_t* particulars asm("r10") = &info;
  asm volatile("syscall\n\tnop"
               : "+a"(result)
               : "D"(process), "S"(thread), "d"(info.si_signo), "r"(particulars)
               : "rcx", "r11", "memory");
}

void by_signals(const siginfo_t& info) {
  const pid_t process = getpid();
  for (int i = 0; i < kTurns; ++i) {
    Gate& gate = *fiber::current_gate();
    gate.asked.store(true, std::memory_order_relaxed);
    send(info, process, gate.thread);
  }
}

// A signal of ours, as the watchdog sends it.
siginfo_t our_signal(int signal) {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, SIGRTMIN);
  pthread_sigmask(SIG_BLOCK, &only, nullptr);
  os::send_signal(gettid(), SIGRTMIN);
  siginfo_t info;
  sigwaitinfo(&only, &info);
  info.si_signo = signal;
  return info;
}

double nanoseconds_each(void (*turns)(const siginfo_t&)) {
  using Clock = std::chrono::steady_clock;
  constexpr int kTasks = 2;
  const siginfo_t info = our_signal(SIGURG);
  Executor executor({.processors = 1, .time_slice = std::chrono::seconds(10), .max_threads = 1, .migratable = true});
  const auto start = Clock::now();
  executor.execute([&] {
    Gate& gate = *fiber::current_gate();
    real_on_preempt = gate.on_preempt;
    gate.on_preempt = as_yield;
    for (int i = 0; i < kTasks; ++i) executor.execute([turns, &info] { turns(info); });
  });
  executor.drain();
  const std::chrono::duration<double, std::nano> elapsed = Clock::now() - start;
  return elapsed.count() / static_cast<double>(executor.stats().checkpoint_yields);
}

double bare_signal_nanoseconds() {
  struct sigaction action = {};
  action.sa_handler = [](int) {};
  sigaction(SIGUSR1, &action, nullptr);
  const pid_t process = getpid(), thread = gettid();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < kTurns; ++i) tgkill(process, thread, SIGUSR1);
  const std::chrono::duration<double, std::nano> elapsed = std::chrono::steady_clock::now() - start;
  return elapsed.count() / kTurns;
}

}  // namespace
}  // namespace preempt::bench

int main() {
  using namespace preempt::bench;
  std::printf("%f %f %f %f\n", nanoseconds_each(at_checkpoints), nanoseconds_each(at_prologues),
              nanoseconds_each(by_signals), bare_signal_nanoseconds());
  return 0;
}
