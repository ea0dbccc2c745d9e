#include "signal/interrupted_call.h"

#include <linux/futex.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <optional>

namespace preempt::signal {
namespace {

constexpr std::uintptr_t kSyscallBytes = 2;  // 0f 05
constexpr std::uintptr_t kMoveBytes = 5;     // b8 imm32: mov $imm32, %eax
constexpr std::uintptr_t kPage = 4096;

// Headers older than the kernel lack them.
constexpr std::uint32_t kEpollPwait2 = 441;   // include/uapi/asm-generic/unistd.h
constexpr std::uint32_t kIoUringEnter = 426;  // not glibc's, but in programs' own code by liburing's inline functions

// signal(7), "Interruption of system calls and library functions by signal handlers": what SA_RESTART does not cover,
// and the calls that a socket timeout takes out of its cover. Also fallocate(2), which on tmpfs(5) gives up at any
// signal. Not close(2), which must not be done twice.
bool is_cut_short_by_handlers(std::uint32_t number) noexcept {
  switch (number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case kEpollPwait2:
    case SYS_nanosleep:
    case SYS_clock_nanosleep:
    case SYS_futex:
    case SYS_pause:
    case SYS_rt_sigtimedwait:
    case SYS_rt_sigsuspend:
    case SYS_msgrcv:
    case SYS_msgsnd:
    case SYS_semop:
    case SYS_semtimedop:
    case SYS_io_getevents:
    case SYS_io_pgetevents:
    case kIoUringEnter:
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_read:
    case SYS_readv:
    case SYS_preadv2:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_write:
    case SYS_writev:
    case SYS_pwritev2:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
    case SYS_sendfile:
    case SYS_splice:
    case SYS_fallocate:
      return true;
    default:
      return false;
  }
}

// Calls with a relative time that leave in the thread's restart block when they must end, always when they fail with
// EINTR: restart_syscall(2) must not meet an older call's there. An absolute time needs none, and ppoll(2), select(2)
// and pselect(2) write what is left where their caller's (glibc: the wrapper's) time was.
bool leaves_its_end(std::uint32_t number, const greg_t* registers) noexcept {
  switch (number) {
    case SYS_nanosleep:
      return true;
    case SYS_clock_nanosleep:
      return (registers[REG_RSI] & TIMER_ABSTIME) == 0;
    case SYS_poll:
      return static_cast<int>(registers[REG_RDX]) > 0;
    case SYS_futex:
      return (registers[REG_RSI] & FUTEX_CMD_MASK) == FUTEX_WAIT && registers[REG_R10] != 0;
    default:
      return false;
  }
}

// What glibc 2.36 puts between the number and the instruction: arguments that it reloads from its frame or moves.
struct Move {
  std::uintptr_t size;
  std::size_t known;  // the bytes below; the rest is an offset
  unsigned char opcode[3];
};
constexpr Move kMoves[] = {
    {4, 3, {0x8b, 0x7c, 0x24}},  // mov N(%rsp), %edi
    {5, 3, {0x48, 0x8b, 0x74}},  // mov N(%rsp), %rsi
    {5, 3, {0x48, 0x8b, 0x54}},  // mov N(%rsp), %rdx
    {3, 3, {0x48, 0x89, 0xf2}},  // mov %rsi, %rdx
    {2, 2, {0x31, 0xf6}},        // xor %esi, %esi
};

// The bytes that end where the search has come to.
class CodeBefore {
 public:
  CodeBefore(const unsigned char* end, std::uintptr_t readable) : end_(end), readable_(readable) {}

  bool has(std::uintptr_t size) const { return size <= readable_; }
  const unsigned char* last(std::uintptr_t size) const { return end_ - size; }
  bool is(const unsigned char* opcode, std::size_t known, std::uintptr_t size) const {
    return has(size) && std::memcmp(last(size), opcode, known) == 0;
  }
  // A REX prefix with one of `bits` in front makes another register of eax: xor %r8d, %r8d ends like xor %eax, %eax.
  // So may an offset that looks like one; then the call counts as unreadable.
  bool is_other_register(std::uintptr_t size, unsigned char bits) const {
    if (!has(size + 1)) return true;
    const unsigned char prefix = *last(size + 1);
    return (prefix & 0xf0) == 0x40 && (prefix & bits) != 0;
  }
  void skip(std::uintptr_t size) {
    end_ -= size;
    readable_ -= size;
  }

 private:
  const unsigned char* end_;
  std::uintptr_t readable_;
};

constexpr unsigned char kRexR = 4, kRexB = 1;

// By `mov $imm32, %eax`, or for 0, read(2), by `xor %eax, %eax`.
std::optional<std::uint32_t> number_put_by(const CodeBefore& code) noexcept {
  static constexpr unsigned char kClearEax[] = {0x31, 0xc0};
  static constexpr unsigned char kMoveToEax[] = {0xb8};
  if (code.is(kClearEax, sizeof(kClearEax), sizeof(kClearEax))) {
    if (code.is_other_register(sizeof(kClearEax), kRexR | kRexB)) return std::nullopt;
    return 0;
  }
  if (!code.is(kMoveToEax, sizeof(kMoveToEax), kMoveBytes) || code.is_other_register(kMoveBytes, kRexB)) {
    return std::nullopt;
  }
  std::uint32_t number;
  std::memcpy(&number, code.last(sizeof(number)), sizeof(number));
  return number;
}

// The number of the call whose `syscall` ends at `pc`. At most `readable` bytes before it may be read.
std::optional<std::uint32_t> number_before(const unsigned char* pc, std::uintptr_t readable) noexcept {
  constexpr int kMostMoves = 2;
  CodeBefore code(pc, readable);
  code.skip(kSyscallBytes);
  for (int moves = 0;; ++moves) {
    if (const auto number = number_put_by(code)) return number;
    if (moves == kMostMoves) return std::nullopt;
    std::uintptr_t skipped = 0;
    for (const Move& move : kMoves) {
      if (code.is(move.opcode, move.known, move.size)) skipped = move.size;
    }
    if (skipped == 0) return std::nullopt;
    code.skip(skipped);
  }
}

// The page before the PC's own may not be mapped: only bytes of that page are read.
std::optional<std::uint32_t> number_at(std::uintptr_t pc) noexcept {
  return number_before(reinterpret_cast<const unsigned char*>(pc), pc % kPage);
}

}  // namespace

InterruptedCall interrupted_call(const ucontext_t& context) noexcept {
  if (context.uc_mcontext.gregs[REG_RAX] != -EINTR) return InterruptedCall::kNone;
  const auto pc = static_cast<std::uintptr_t>(context.uc_mcontext.gregs[REG_RIP]);
  static constexpr unsigned char kSyscall[] = {0x0f, 0x05};
  if (pc % kPage < kSyscallBytes) return InterruptedCall::kNone;
  if (std::memcmp(reinterpret_cast<const void*>(pc - kSyscallBytes), kSyscall, kSyscallBytes) != 0) {
    return InterruptedCall::kNone;
  }
  const std::optional<std::uint32_t> number = number_at(pc);
  if (!number || !is_cut_short_by_handlers(*number)) return InterruptedCall::kUnreadable;
  return leaves_its_end(*number, context.uc_mcontext.gregs) ? InterruptedCall::kContinuable
                                                            : InterruptedCall::kRestartable;
}

void rewind(ucontext_t& context) noexcept {
  greg_t* registers = context.uc_mcontext.gregs;
  const std::optional<std::uint32_t> number = number_at(static_cast<std::uintptr_t>(registers[REG_RIP]));
  if (!number) return;
  registers[REG_RAX] = *number;
  registers[REG_RIP] -= kSyscallBytes;
}

}  // namespace preempt::signal
