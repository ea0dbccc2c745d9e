#include "core/stack_walk.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "os/clock.h"
#include "os/thread.h"

namespace preempt::core {
namespace {

// A recursion is as deep as its stack: what it does, and how it began.
constexpr std::size_t kInnermost = 24, kOutermost = 24;
// Of cpu time, so that it is the same walk on a busy machine; and of time, since who faulted waits for its end.
constexpr os::Nanos kLongestWalk = 500 * os::kMillisecond, kLongestWait = 1500 * os::kMillisecond;
constexpr std::uint64_t kWord = sizeof(std::uint64_t);

// What a thread may have left on its stack.
class Guesser {
 public:
  Guesser(fiber::Bounds stack, const os::OwnMemory& memory, const os::CodeMap& code)
      : stack_(stack), memory_(memory), code_(code) {}

  // The next word from the stack pointer on that looks like a return address becomes the caller: first one behind a
  // call of just this function, near by; then one that a call of it may have left; then any.
  bool find_caller(FrameRegisters& registers, Unwound why) const {
    return search(registers, why, Call::kOfCallee, kUsualFrame) ||
           search(registers, why, Call::kMayBeOfCallee, kLargestFrame) ||
           search(registers, why, Call::kOfAnother, kLargestFrame);
  }

 private:
  enum class Call { kNone, kOfAnother, kMayBeOfCallee, kOfCallee };  // the better, the greater

  static constexpr std::uint64_t kUsualFrame = 1024;
  static constexpr std::uint64_t kLargestFrame = 64 * 1024;

  bool search(FrameRegisters& registers, Unwound why, Call least, std::uint64_t distance) const {
    // The ABI aligns the stack to 16 bytes before each call, so every other word is a return address's place.
    const std::uint64_t from = ((registers.stack_pointer() + kWord - 1) & ~(2 * kWord - 1)) + kWord;
    const std::uint64_t limit = registers.stack_pointer() + distance;
    const std::uint64_t end = stack_.contains(registers.stack_pointer()) ? std::min(limit, stack_.high) : limit;
    const std::uint64_t callee = function_at(registers.program_counter() - (registers.is_return_address ? 1 : 0));
    for (std::uint64_t at = from; at + kWord <= end; at += 2 * kWord) {
      std::uint64_t below = 0, word = 0;
      if (!memory_.read(at - kWord, below) || !memory_.read(at, word)) return false;
      if (call_before(word, callee) < least) continue;
      FrameRegisters caller(word, at + kWord);
      caller.is_return_address = true;
      // A frame that counts from rbp has saved its caller's just below the return address.
      if (why == Unwound::kFramePointerNeeded) caller.set(FrameRegisters::kRbp, below);
      registers = caller;
      return true;
    }
    return false;
  }

  // What ends before the address, if there is code.
  Call call_before(std::uint64_t address, std::uint64_t callee) const {
    constexpr int kLongest = 7, kDirect = 5;
    std::uint8_t before[kLongest];
    if (code_.find(address) == nullptr || !memory_.read(address - kLongest, before)) return Call::kNone;
    if (before[kLongest - kDirect] == 0xe8) {  // call rel32
      std::int32_t distance;
      std::memcpy(&distance, before + kLongest - sizeof(distance), sizeof(distance));
      const std::uint64_t target = address + static_cast<std::uint64_t>(std::int64_t{distance});
      if (target == callee) return Call::kOfCallee;
      // Through the linkage table, where no function begins, it leads anywhere.
      return callee != 0 && function_at(target) == target ? Call::kOfAnother : Call::kMayBeOfCallee;
    }
    // call r/m64, opcode 0xff /2: with the length of its operand.
    const bool is_indirect =
        std::any_of(std::begin(kIndirectLengths), std::end(kIndirectLengths), [&before](int length) {
          const std::uint8_t* at = before + kLongest - length;
          return at[0] == 0xff && (at[1] >> 3 & 7) == 2;
        });
    return is_indirect ? Call::kMayBeOfCallee : Call::kNone;
  }

  static constexpr int kIndirectLengths[] = {2, 3, 4, 6, 7};

  const fiber::Bounds stack_;
  const os::OwnMemory& memory_;
  const os::CodeMap& code_;
};

// As push_back(), but no more than kInnermost and kOutermost stay.
void add(std::vector<CallSite>& sites, CallSite site) {
  sites.push_back(site);
  if (sites.size() <= kInnermost + kOutermost) return;
  const auto left_out = sites.begin() + kInnermost;
  (left_out + 1)->left_out = left_out->left_out + 1;
  sites.erase(left_out);
}

}  // namespace

std::vector<CallSite> walk_stack(FrameRegisters registers, fiber::Bounds stack, const os::OwnMemory& memory,
                                 const os::CodeMap& code) {
  std::vector<CallSite> sites;
  const Guesser guesser(stack, memory, code);
  const pid_t thread = os::thread_id();
  const os::Nanos cpu_limit = os::thread_cpu_time(thread) + kLongestWalk, deadline = os::now() + kLongestWait;
  bool is_guess = false;
  while (os::now() < deadline && os::thread_cpu_time(thread) < cpu_limit) {
    add(sites, {registers.program_counter(), registers.is_return_address, is_guess});
    const Unwound unwound = unwind(registers, memory);
    if (unwound == Unwound::kCaller && code.find(registers.program_counter()) != nullptr) continue;
    if (unwound == Unwound::kOutermost || unwound == Unwound::kCaller) break;
    is_guess = true;
    if (!guesser.find_caller(registers, unwound)) break;
  }
  return sites;
}

}  // namespace preempt::core
