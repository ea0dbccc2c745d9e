#include "core/fault_report.h"

#include <climits>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "core/stack_text.h"
#include "core/stack_walk.h"
#include "os/code_map.h"
#include "os/own_memory.h"

namespace preempt::core {
namespace {

constexpr std::size_t kKibibyte = 1024, kMebibyte = 1024 * kKibibyte;

using Text = base::FixedText<400>;

void add_overflow(Text& text, std::size_t size, fiber::Fault fault) noexcept {
  text.add(" needs more than its stack of ");
  if (size % kMebibyte == 0) {
    text.add(size / kMebibyte).add(" MiB");
  } else {
    text.add(size / kKibibyte).add(" KiB");
  }
  text.add(" (").add(size).add(" bytes)");
  if (fault.kind == fiber::Fault::Kind::kOverflow) {
    text.add(" and touched the guard page at ").add_hex(fault.address);
  } else {
    text.add(" and overwrote memory below it, since it has no guard page");
  }
  text.add(": raise Options::stack_size (PREEMPT_STACK_SIZE)");
}

void add_broken_promise(Text& text) noexcept {
  text.add(
      " broke its promise, TaskOptions::migratable: it used the address of a thread-local variable, or of errno, of "
      "the "
      "thread that it was on before");
}

Text headline(const Worker& worker, fiber::Fault fault) noexcept {
  const char* name = worker.fiber->name;
  Text text;
  if (name[0] != '\0') {
    text.add("task \"").add(std::string_view(name, strnlen(name, Fiber::kMostNameBytes))).add("\"");
  } else {
    text.add("an unnamed task");
  }
  text.add(" on worker ").add(static_cast<std::uint64_t>(worker.id));
  if (fault.kind == fiber::Fault::Kind::kStaleAddress) {
    add_broken_promise(text);
  } else {
    add_overflow(text, worker.fiber->stack().size, fault);
  }
  return text;
}

FrameRegisters registers_of(const ucontext_t& context) noexcept {
  const auto value = [&context](int index) { return static_cast<std::uint64_t>(context.uc_mcontext.gregs[index]); };
  FrameRegisters registers(value(REG_RIP), value(REG_RSP));
  // By their numbers in the tables: the System V ABI, AMD64 supplement, figure 3.36.
  constexpr int kByNumber[] = {REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
                               REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  for (std::uint64_t number = 0; const int index : kByNumber) registers.set(number++, value(index));
  return registers;
}

}  // namespace

bool FaultReport::begin(const Worker& worker, const ucontext_t& context, fiber::Fault fault) noexcept {
  const Text text = headline(worker, fault);
  log_.write_now(text.view());
  if (printing_.exchange(1, std::memory_order_acquire) != 0) return false;
  headline_ = text;
  registers_ = registers_of(context);
  stack_ = worker.fiber->bounds();
  log_.say(*this);
  return true;
}

void FaultReport::wait() noexcept {
  const Nanos deadline = os::now() + kLongestWait;
  while (printing_.load(std::memory_order_acquire) != 0 && os::now() < deadline) {
    os::futex_wait(printing_, 1, deadline);
  }
}

// Without a sink the headline stands on standard error already.
std::string FaultReport::text() {
  const os::CodeMap code;
  const std::string calls = describe_stack(walk_stack(registers_, stack_, os::OwnMemory(), code), code);
  const std::string_view title = log_.has_sink() ? headline_.view() : "the task's stack";
  return absl::StrCat(std::string(title), "; the innermost call first:", calls);
}

void FaultReport::done() {
  printing_.store(0, std::memory_order_release);
  os::futex_wake(printing_, INT_MAX);
}

}  // namespace preempt::core
