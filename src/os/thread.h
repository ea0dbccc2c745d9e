// One kernel thread as the kernel sees it.
#ifndef PREEMPT_OS_THREAD_H_
#define PREEMPT_OS_THREAD_H_

#include <signal.h>
#include <sys/types.h>

#include <atomic>

#include "os/clock.h"

namespace preempt::os {

// Asks the kernel each time: right in a vfork(2) child as well.
pid_t thread_id() noexcept;

// Sends a signal with our mark to one thread of this process. False when there is no such thread. Keeps errno. By
// rt_tgsigqueueinfo(2) and not tgkill(2): a second signal to a thread that has just answered the first must not pass
// for the program's own and be forwarded, since the default action of most signals ends the process.
bool send_signal(pid_t thread, int signal) noexcept;
// Whether the kernel, or a sandbox, permits send_signal().
bool may_send_signals() noexcept;

// Whether a handler was called for a signal of send_signal().
bool has_our_mark(const siginfo_t& info) noexcept;
// Whether the kernel had no memory left for who sent it and why.
bool has_no_particulars(const siginfo_t& info) noexcept;

// Nanoseconds that a thread of this process has computed; 0 when there is no such thread.
Nanos thread_cpu_time(pid_t thread) noexcept;
// The same, outside of the kernel, in ticks of the kernel's scheduler (1 to 10 ms).
Nanos thread_user_time(pid_t thread) noexcept;

// restart_syscall(2): in a signal handler, goes on with the call that the signal cut short. The call's result, or minus
// the error. Only where the kernel remembers a call's end (time(7) sleeps, poll(2), futex(2) with a time); EINTR when
// another handler has returned since. Keeps errno.
long restart_call() noexcept;

// sched_yield(2).
void yield_thread() noexcept;

// For a thread that computes little and is late at once: its timers fire when they are due, not up to 50 us later, and
// beside busy threads it asks for slices of 100 us, so that it need not wait for the end of one of theirs (3 ms).
void set_prompt() noexcept;

// Shown by ps and debuggers; cut to 15 bytes.
void set_thread_name(const char* name) noexcept;

enum class ThreadState { kRunning, kAsleep, kTraced, kUnknown };

// The state letter of /proc/self/task/TID/stat (proc(5)).
class ThreadStateFile {
 public:
  ThreadStateFile() = default;
  ~ThreadStateFile() { close(); }
  ThreadStateFile(const ThreadStateFile&) = delete;
  ThreadStateFile& operator=(const ThreadStateFile&) = delete;

  // Keeps the file open between calls while fewer than kMostOpen are. kUnknown while another thread is reading.
  ThreadState read(pid_t thread) noexcept;
  void close() noexcept;

 private:
  // Descriptors are the program's, and a look by open and close costs only three times as much.
  static constexpr int kMostOpen = 64;
  static std::atomic<int> open_files_;

  ThreadState read_alone(pid_t thread) noexcept;

  std::atomic<bool> busy_ = false;
  int file_ = -1;
};

}  // namespace preempt::os

#endif  // PREEMPT_OS_THREAD_H_
