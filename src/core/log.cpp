#include "core/log.h"

#include <sys/uio.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"

namespace preempt::core {

std::string Log::text(Line line) const {
  switch (line) {
    case Line::kHandlerReplaced:
      return "another handler lies over preempt's and does not forward the signal, so running tasks are preempted at "
             "checkpoints only: choose another Options::signal (PREEMPT_SIGNAL)";
    case Line::kNoMembarrier:
      return "membarrier(2) is not available, so a blocked task keeps its processor unless it uses preempt::Blocking "
             "with kNow";
    case Line::kNoProc:
      return "/proc/self/task cannot be read, so running tasks are preempted at checkpoints only, and a blocked task "
             "keeps its processor unless it uses preempt::Blocking";
    case Line::kNoSignals:
      return "rt_tgsigqueueinfo(2) is refused, by a seccomp filter perhaps, so running tasks are preempted at "
             "checkpoints only";
    case Line::kShadowStack:
      return "this thread uses a shadow stack, so tasks are not switched as fibers: migratable tasks keep their "
             "threads";
    case Line::kThreadFailed:
      return "a further thread could not be made, so preemption and hand-off wait for a free one "
             "(Options::max_threads, ulimit -u, cgroup pids.max)";
    case Line::kThreadsExhausted:
      return absl::StrCat("all ", max_threads_,
                          " threads are in use by blocked or preempted tasks, so it works as an "
                          "ordinary pool until one of them ends (Options::max_threads, PREEMPT_MAX_THREADS)");
    case Line::kUnguardedStacks:
      return "half of vm.max_map_count is used up, so new stacks have no guard page, and their overflow is seen at the "
             "next switch only";
    case Line::kCount:
      break;
  }
  return "";
}

bool Log::say(Line line) {
  const auto index = static_cast<std::size_t>(line);
  std::atomic<bool>& said = said_[index];
  if (said.load(std::memory_order_relaxed) || said.exchange(true, std::memory_order_relaxed)) return false;
  waiting_.fetch_or(1u << index, std::memory_order_release);
  wake();
  return true;
}

void Log::say(Report& report) {
  if (Report* replaced = report_.exchange(&report, std::memory_order_acq_rel)) replaced->done();
  wake();
}

void Log::wake() {
  bell_.fetch_add(1, std::memory_order_release);
  os::futex_wake(bell_, 1);
}

void Log::run(const std::atomic<bool>& stopping) {
  for (;;) {
    const std::uint32_t bell = bell_.load(std::memory_order_acquire);
    const bool last_round = stopping.load(std::memory_order_acquire);
    std::uint32_t lines = waiting_.exchange(0, std::memory_order_acquire);
    for (; lines != 0; lines &= lines - 1) print(text(static_cast<Line>(__builtin_ctz(lines))));
    if (Report* report = report_.exchange(nullptr, std::memory_order_acquire)) {
      print(report->text());
      report->done();
    }
    if (last_round) return;
    os::futex_wait(bell_, bell);
  }
}

void Log::write_now(std::string_view text) const noexcept {
  const auto part = [](std::string_view bytes) { return iovec{const_cast<char*>(bytes.data()), bytes.size()}; };
  const iovec parts[] = {part("preempt: executor \""), part(name_), part("\": "), part(text), part("\n")};
  static_cast<void>(!writev(STDERR_FILENO, parts, std::size(parts)));
}

void Log::print(std::string_view text) {
  if (text.empty()) return;
  const std::string whole = absl::StrCat("preempt: executor \"", name_, "\": ", std::string(text));
  if (sink_) return sink_(whole);
  const std::string with_newline = whole + "\n";
  static_cast<void>(!write(STDERR_FILENO, with_newline.data(), with_newline.size()));
}

}  // namespace preempt::core
