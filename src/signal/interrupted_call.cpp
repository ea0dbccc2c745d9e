#include "signal/interrupted_call.h"

#include <sys/syscall.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>

namespace preempt::signal {
namespace {

constexpr std::uintptr_t kSyscallBytes = 2;  // 0f 05
constexpr std::uintptr_t kMoveBytes = 5;     // b8 imm32: mov $imm32, %eax
constexpr std::uintptr_t kPage = 4096;

// signal(7), "Interruption of system calls and library functions by signal handlers": what SA_RESTART does not cover,
// and the calls that a socket timeout takes out of its cover.
bool is_cut_short_by_handlers(std::uint32_t number) noexcept {
  switch (number) {
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
#ifdef SYS_epoll_pwait2
    case SYS_epoll_pwait2:
#endif
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
    case SYS_accept:
    case SYS_accept4:
    case SYS_connect:
    case SYS_read:
    case SYS_readv:
    case SYS_recvfrom:
    case SYS_recvmsg:
    case SYS_recvmmsg:
    case SYS_write:
    case SYS_writev:
    case SYS_sendto:
    case SYS_sendmsg:
    case SYS_sendmmsg:
      return true;
    default:
      return false;
  }
}

// What glibc 2.36 puts between the number and the instruction: arguments that it reloads from its frame.
struct Move {
  std::uintptr_t size;
  unsigned char opcode[3];
};
constexpr Move kReloads[] = {
    {4, {0x8b, 0x7c, 0x24}},  // mov N(%rsp), %edi
    {5, {0x48, 0x8b, 0x74}},  // mov N(%rsp), %rsi
    {5, {0x48, 0x8b, 0x54}},  // mov N(%rsp), %rdx
};

// The number that is put into eax before `code`, which follows a `syscall`: by `mov $imm32, %eax`, or for 0, read(2),
// by `xor %eax, %eax`. At most `readable` bytes before `code` may be read.
std::optional<std::uint32_t> number_before(const unsigned char* code, std::uintptr_t readable) noexcept {
  constexpr unsigned char kMoveToEax = 0xb8;
  constexpr unsigned char kClearEax[] = {0x31, 0xc0};
  constexpr int kMostReloads = 2;
  std::uintptr_t back = kSyscallBytes;
  for (int reloads = 0; reloads <= kMostReloads; ++reloads) {
    const unsigned char* end = code - back;
    if (back + sizeof(kClearEax) <= readable && std::memcmp(end - sizeof(kClearEax), kClearEax, sizeof(kClearEax)) == 0) {
      return 0;
    }
    if (back + kMoveBytes <= readable && *(end - kMoveBytes) == kMoveToEax) {
      std::uint32_t number;
      std::memcpy(&number, end - sizeof(number), sizeof(number));
      return number;
    }
    std::uintptr_t skipped = 0;
    for (const Move& move : kReloads) {
      if (back + move.size <= readable && std::memcmp(end - move.size, move.opcode, sizeof(move.opcode)) == 0) {
        skipped = move.size;
      }
    }
    if (skipped == 0) return std::nullopt;
    back += skipped;
  }
  return std::nullopt;
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
  return number && is_cut_short_by_handlers(*number) ? InterruptedCall::kRestartable : InterruptedCall::kUnreadable;
}

void rewind(ucontext_t& context) noexcept {
  greg_t* registers = context.uc_mcontext.gregs;
  const std::optional<std::uint32_t> number = number_at(static_cast<std::uintptr_t>(registers[REG_RIP]));
  if (!number) return;
  registers[REG_RAX] = *number;
  registers[REG_RIP] -= kSyscallBytes;
}

}  // namespace preempt::signal
