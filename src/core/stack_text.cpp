#include "core/stack_text.h"

#include <string_view>

#include "absl/debugging/symbolize.h"
#include "absl/strings/str_cat.h"

namespace preempt::core {
namespace {

std::uint64_t address_in_caller(const CallSite& site) {
  return site.program_counter - (site.is_return_address ? 1 : 0);
}

std::string symbol_of(const CallSite& site) {
  char symbol[512];
  const bool is_known = absl::Symbolize(reinterpret_cast<void*>(address_in_caller(site)), symbol, sizeof(symbol));
  return is_known ? symbol : "(no symbol)";
}

// "libc.so.6+0x85f15": what addr2line(1) takes, also after the process has ended.
std::string place_of(const CallSite& site, const os::CodeMap& code) {
  const std::uint64_t address = address_in_caller(site);
  const os::CodeMap::Range* range = code.find(address);
  if (range == nullptr || range->file.empty()) return absl::StrCat("0x", absl::Hex(address));
  const std::string file = range->file.substr(range->file.rfind('/') + 1);
  return absl::StrCat(file, "+0x", absl::Hex(address - range->low + range->offset));
}

bool begins_with(std::string_view symbol, std::string_view part) { return symbol.substr(0, part.size()) == part; }

constexpr std::string_view kScheduler = "preempt::core::Scheduler::";

// Below the task the executor's own frames are the same for all.
bool is_base(std::string_view symbol) {
  if (!begins_with(symbol, kScheduler)) return false;
  const std::string_view function = symbol.substr(kScheduler.size());
  return begins_with(function, "call(") || begins_with(function, "run") || begins_with(function, "loop(");
}

}  // namespace

std::string describe_stack(const std::vector<CallSite>& stack, const os::CodeMap& code) {
  std::string text;
  for (const CallSite& site : stack) {
    const std::string symbol = symbol_of(site);
    if (is_base(symbol)) break;
    if (begins_with(symbol, kScheduler)) continue;  // the task called the executor
    if (site.left_out != 0) absl::StrAppend(&text, "\n    ... ", site.left_out, " more calls ...");
    absl::StrAppend(&text, "\n    ", site.is_guess ? "? " : "", symbol, " (", place_of(site, code), ")");
  }
  return text.empty() ? "\n    (no call of the task could be read)" : text;
}

}  // namespace preempt::core
