// Lines for the user, from any context.
#ifndef PREEMPT_CORE_LOG_H_
#define PREEMPT_CORE_LOG_H_

#include <array>
#include <atomic>
#include <functional>
#include <string>
#include <string_view>

#include "os/futex.h"
#include "preempt/options.h"

namespace preempt::core {

// say() is async-signal-safe and never waits; run() prints on a thread of its own, because the user's callback may take
// locks that a stopped task holds.
class Log {
 public:
  explicit Log(const Options& options)
      : name_(options.name), sink_(options.on_log), max_threads_(options.max_threads) {}

  // What there is to say, each at most once for an executor. The texts are in log.cpp.
  enum class Line {
    kHandlerReplaced,
    kNoMembarrier,
    kNoProc,
    kNoSignals,
    kShadowStack,
    kThreadFailed,
    kThreadsExhausted,
    kUnguardedStacks,
    kCount
  };
  // False: it was said before.
  bool say(Line line);

  // What is put together only when it is printed.
  class Report {
   public:
    // On the log's thread. Empty: there is nothing to say after all.
    virtual std::string text() = 0;
    // It was printed, or another one took its place. Async-signal-safe.
    virtual void done() {}

   protected:
    ~Report() = default;
  };
  // As the above, any number of times; a second one while the first is not printed yet replaces it.
  void say(Report& report);
  // To standard error at once, on the calling thread: last words. Async-signal-safe.
  void write_now(std::string_view text) const noexcept;
  bool has_sink() const { return static_cast<bool>(sink_); }
  bool has_lines() const {
    return waiting_.load(std::memory_order_acquire) != 0 || report_.load(std::memory_order_acquire) != nullptr;
  }

  void run(const std::atomic<bool>& stopping);  // until `stopping` and nothing is left to say
  void wake();

 private:
  std::string text(Line line) const;
  void print(std::string_view text);

  const std::string name_;
  const std::function<void(std::string_view)> sink_;
  const int max_threads_;
  std::array<std::atomic<bool>, static_cast<std::size_t>(Line::kCount)> said_ = {};
  std::atomic<std::uint32_t> waiting_ = 0;  // bit L: line L is to be printed
  std::atomic<Report*> report_ = nullptr;   // to be printed
  os::FutexWord bell_ = 0;
};

}  // namespace preempt::core

#endif  // PREEMPT_CORE_LOG_H_
