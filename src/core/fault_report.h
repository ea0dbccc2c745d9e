// Which task ended the process by a fault that we know of, and by which calls.
#ifndef PREEMPT_CORE_FAULT_REPORT_H_
#define PREEMPT_CORE_FAULT_REPORT_H_

#include <ucontext.h>

#include <cstdint>
#include <string>

#include "base/fixed_text.h"
#include "core/call_frame.h"
#include "core/log.h"
#include "core/worker.h"
#include "fiber/gate.h"
#include "os/futex.h"

namespace preempt::core {

// One line is written by the thread itself, at once. The calls are found out on the log's thread, since the tables and
// the symbols may be behind a lock that the task holds, and Options::on_log behind another; the thread waits for a
// while only. Then it is the former handler's turn, which mostly ends the process.
class FaultReport final : public Log::Report {
 public:
  explicit FaultReport(Log& log) : log_(log) {}

  // On the worker of that task, in any context; async-signal-safe. False: the calls of another one are being printed.
  bool begin(const Worker& worker, const ucontext_t& context, fiber::Fault fault) noexcept;
  // Until the calls are printed, kLongestWait at most. Async-signal-safe.
  void wait() noexcept;

  std::string text() override;
  void done() override;

 private:
  static constexpr Nanos kLongestWait = 2 * os::kSecond;

  Log& log_;
  os::FutexWord printing_ = 0;
  // Written by begin(), while nobody prints.
  base::FixedText<400> headline_;
  FrameRegisters registers_{0, 0};
  fiber::Bounds stack_;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_FAULT_REPORT_H_
