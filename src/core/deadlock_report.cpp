#include "core/deadlock_report.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "core/stack_text.h"
#include "core/stack_walk.h"
#include "core/standstill.h"
#include "core/system_call_name.h"
#include "os/code_map.h"
#include "os/own_memory.h"
#include "os/thread_call.h"

namespace preempt::core {
namespace {

// One that has a task, and whose thread is not in the scheduler.
struct BlockedWorker {
  int id = 0;
  pid_t thread = 0;
  std::string name;
  Nanos since = 0;
  bool since_is_dispatch = false;  // it fell asleep some time after that
  os::ThreadCall call;
  std::vector<CallSite> stack;
};

std::string name_of_task(const Worker& worker, const os::OwnMemory& memory) {
  Fiber* fiber = nullptr;
  char name[sizeof(fiber->name)] = {};
  // The fiber and its name are the worker's, which may go on at any moment.
  if (!memory.copy(worker.fiber, fiber) || !memory.read(reinterpret_cast<std::uintptr_t>(fiber->name), name) ||
      name[0] == '\0') {
    return "unnamed";
  }
  return absl::StrCat("\"", std::string(name, strnlen(name, sizeof(name))), "\"");
}

bool has_processor(const Worker& worker) {
  const Processor* processor = worker.processor.load(std::memory_order_acquire);
  return processor != nullptr && processor->worker.load(std::memory_order_acquire) == &worker;
}

std::optional<BlockedWorker> look_at(const Worker& worker, const os::OwnMemory& memory, const os::CodeMap& code) {
  // Acquire: the thread's id was written before the first task; pairs with leave().
  if (worker.gate.in_scheduler.load(std::memory_order_acquire)) return std::nullopt;
  BlockedWorker result;
  result.id = worker.id;
  result.thread = worker.gate.thread;
  if (worker.gate.lost.load(std::memory_order_acquire) == fiber::Lost::kTaken) {
    result.since = worker.lost_at.load(std::memory_order_relaxed);
  } else if (has_processor(worker)) {
    result.since = worker.processor.load(std::memory_order_relaxed)->dispatched_at();
    result.since_is_dispatch = true;
  } else {
    return std::nullopt;
  }
  result.name = name_of_task(worker, memory);
  result.call = os::read_thread_call(result.thread);
  fiber::Bounds bounds;
  if (result.call.program_counter != 0 && memory.copy(worker.gate.fiber_stack, bounds)) {
    result.stack = walk_stack({result.call.program_counter, result.call.stack_pointer}, bounds, memory, code);
    // If it has moved on meanwhile, what was read is of no stack at all.
    if (os::read_thread_call(result.thread) != result.call) result.call.state = os::ThreadCall::State::kRunning;
  }
  return result;
}

std::string headline(const BlockedWorker& worker, Nanos now) {
  return absl::StrFormat("\n  worker %d (thread %d), task %s: blocked for %s%.1f s in %s", worker.id, worker.thread,
                         worker.name, worker.since_is_dispatch ? "at most " : "",
                         static_cast<double>(now - worker.since) / os::kSecond, describe(worker.call));
}

std::string describe_all(const std::vector<BlockedWorker>& workers, const os::CodeMap& code) {
  std::string text;
  const Nanos now = os::now();
  for (const BlockedWorker& worker : workers) {
    text += headline(worker, now);
    const auto same = std::find_if(workers.begin(), workers.end(),
                                   [&worker](const BlockedWorker& other) { return other.stack == worker.stack; });
    if (same->id != worker.id && !worker.stack.empty()) {
      absl::StrAppend(&text, "\n    the same stack as worker ", same->id);
    } else {
      text += describe_stack(worker.stack, code);
    }
  }
  return text;
}

}  // namespace

std::string DeadlockReport::text() {
  const std::uint64_t asked = asked_.load(std::memory_order_relaxed);
  const os::OwnMemory memory;
  const os::CodeMap code;
  std::vector<BlockedWorker> blocked;
  const int count = scheduler_.workers().size();
  for (int id = 0; id < count; ++id) {
    std::optional<BlockedWorker> worker = look_at(scheduler_.workers()[id], memory, code);
    if (!worker) continue;
    if (worker->call.state == os::ThreadCall::State::kRunning) return "";
    blocked.push_back(*std::move(worker));
  }
  if (blocked.empty() || scheduler_.moves() != asked) return "";
  reported_.store(asked, std::memory_order_relaxed);
  reports_.fetch_add(1, std::memory_order_relaxed);
  const std::uint64_t unfinished = scheduler_.unfinished();
  const std::uint64_t others = unfinished - std::min<std::uint64_t>(unfinished, blocked.size());
  const std::string tasks = describe_all(blocked, code);
  const bool has_guesses = tasks.find("\n    ? ") != std::string::npos;
  return absl::StrCat("nothing has moved for ", Standstill::kLength / os::kSecond, " s: ", blocked.size(),
                      " blocked tasks, and all ", scheduler_.workers().most(),
                      " threads that Options::max_threads (PREEMPT_MAX_THREADS) allows are in use; queued or waiting "
                      "without a thread: ",
                      others, ". If the blocked ones wait for those, allow more threads.",
                      has_guesses ? " ('?': a guess by what lies on the stack.)" : "", tasks);
}

}  // namespace preempt::core
