// Which interrupted system calls the handler recognises: in the C library's own code, wrapper by wrapper, and in code
// that was made to mislead it.
#include "signal/interrupted_call.h"

#include <dlfcn.h>
#include <gnu/libc-version.h>
#include <gtest/gtest.h>
#include <link.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <initializer_list>
#include <ostream>
#include <thread>
#include <vector>

#include "support/handle_by.h"
#include "support/threads.h"
#include "support/wait.h"

namespace preempt::signal {
namespace {

// As the kernel leaves it behind a call that a handler cut short.
ucontext_t cut_short_behind(const void* site) {
  ucontext_t context = {};
  context.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(site));
  context.uc_mcontext.gregs[REG_RAX] = -EINTR;
  return context;
}

// --- The C library's wrappers.

struct Wrapper {
  const char* name;
  long number;
};
void PrintTo(const Wrapper& wrapper, std::ostream* out) { *out << wrapper.name; }

constexpr Wrapper kWrappers[] = {
    {"accept", SYS_accept},
    {"accept4", SYS_accept4},
    {"clock_nanosleep", SYS_clock_nanosleep},
    {"connect", SYS_connect},
    {"epoll_pwait", SYS_epoll_pwait},
    {"epoll_pwait2", 441},
    {"epoll_wait", SYS_epoll_wait},
    {"fallocate", SYS_fallocate},
    {"msgrcv", SYS_msgrcv},
    {"msgsnd", SYS_msgsnd},
    {"pause", SYS_pause},
    {"poll", SYS_poll},
    {"posix_fallocate", SYS_fallocate},
    {"ppoll", SYS_ppoll},
    {"preadv2", SYS_preadv2},
    {"pselect", SYS_pselect6},
    {"pwritev2", SYS_pwritev2},
    {"read", SYS_read},
    {"readv", SYS_readv},
    {"recv", SYS_recvfrom},
    {"recvfrom", SYS_recvfrom},
    {"recvmmsg", SYS_recvmmsg},
    {"recvmsg", SYS_recvmsg},
    {"select", SYS_pselect6},
    {"semtimedop", SYS_semtimedop},
    {"send", SYS_sendto},
    {"sendfile", SYS_sendfile},
    {"sendmmsg", SYS_sendmmsg},
    {"sendmsg", SYS_sendmsg},
    {"sendto", SYS_sendto},
    {"sigsuspend", SYS_rt_sigsuspend},
    {"sigtimedwait", SYS_rt_sigtimedwait},
    {"splice", SYS_splice},
    {"write", SYS_write},
    {"writev", SYS_writev},
};

// Behind each `syscall` of a function of the C library.
std::vector<const unsigned char*> call_sites(const char* function) {
  std::vector<const unsigned char*> sites;
  const auto* code = static_cast<const unsigned char*>(dlsym(RTLD_DEFAULT, function));
  Dl_info info;
  void* symbol = nullptr;
  if (code == nullptr || dladdr1(code, &info, &symbol, RTLD_DL_SYMENT) == 0 || symbol == nullptr) return sites;
  const std::size_t size = static_cast<const ElfW(Sym)*>(symbol)->st_size;
  for (std::size_t i = 0; i + 4 <= size; ++i) {
    if (code[i] != 0x0f || code[i + 1] != 0x05) continue;
    // The comparison with -4096, the negation or the move of the result behind it; else the bytes are an offset.
    const unsigned char next = code[i + 2];
    if (next == 0x48 || next == 0x3d || next == 0xf7 || next == 0x41 || next == 0x89) sites.push_back(code + i + 2);
  }
  return sites;
}

class CLibrary : public ::testing::TestWithParam<Wrapper> {};

TEST_P(CLibrary, CallSitesAreRead) {
  if (dlsym(RTLD_DEFAULT, GetParam().name) == nullptr) GTEST_SKIP() << "not in glibc " << gnu_get_libc_version();
  const auto sites = call_sites(GetParam().name);
  if (sites.empty()) GTEST_SKIP() << "glibc " << gnu_get_libc_version() << " has its system calls elsewhere";
  for (const unsigned char* site : sites) {
    ucontext_t context = cut_short_behind(site);
    const InterruptedCall call = interrupted_call(context);
    EXPECT_TRUE(call == InterruptedCall::kRestartable || call == InterruptedCall::kContinuable);
    rewind(context);
    EXPECT_EQ(context.uc_mcontext.gregs[REG_RAX], GetParam().number);
    EXPECT_EQ(context.uc_mcontext.gregs[REG_RIP], static_cast<greg_t>(reinterpret_cast<std::uintptr_t>(site - 2)));
  }
}

INSTANTIATE_TEST_SUITE_P(Wrappers, CLibrary, ::testing::ValuesIn(kWrappers),
                         [](const auto& wrapper) { return wrapper.param.name; });

// --- Functions that wait somewhere inside the C library: by a signal to a thread that sleeps in them.

struct Found {
  std::atomic<bool> done = false;
  InterruptedCall call = InterruptedCall::kNone;
};
Found found;

void look_at_call(int, siginfo_t*, void* context) {
  const InterruptedCall call = interrupted_call(*static_cast<ucontext_t*>(context));
  if (call == InterruptedCall::kNone) return;
  found.call = call;
  found.done = true;
}

timespec in_200_ms(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  time.tv_nsec += 200'000'000;
  if (time.tv_nsec >= 1'000'000'000) {
    time.tv_nsec -= 1'000'000'000;
    ++time.tv_sec;
  }
  return time;
}

// What a signal finds in a thread that is in `call`, which must take 200 ms.
InterruptedCall found_in(const std::function<void()>& call) {
  handle_by(look_at_call, SIGUSR1);
  found.done = false;
  std::atomic<pid_t> thread = 0;
  std::atomic<bool> over = false;
  std::thread caller([&] {
    thread = gettid();
    call();
    over = true;
  });
  EXPECT_TRUE(testing::eventually([&] { return thread != 0; }));
  while (!found.done && !over) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    testing::send_to_thread(thread, SIGUSR1);
  }
  caller.join();
  EXPECT_TRUE(found.done) << "no signal came while it slept";
  return found.call;
}

struct Waiting {
  const char* name;
  void (*wait)();
};
void PrintTo(const Waiting& waiting, std::ostream* out) { *out << waiting.name; }

void wait_for_semaphore() {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const timespec end = in_200_ms(CLOCK_REALTIME);
  sem_timedwait(&semaphore, &end);
}

void wait_for_semaphore_by_clock() {
  sem_t semaphore;
  sem_init(&semaphore, 0, 0);
  const timespec end = in_200_ms(CLOCK_MONOTONIC);
  sem_clockwait(&semaphore, CLOCK_MONOTONIC, &end);
}

void wait_for_condition() {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  const timespec end = in_200_ms(CLOCK_REALTIME);
  pthread_mutex_lock(&mutex);
  pthread_cond_timedwait(&condition, &mutex, &end);
  pthread_mutex_unlock(&mutex);
}

void wait_for_mutex() {
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_mutex_lock(&mutex);
  const timespec end = in_200_ms(CLOCK_REALTIME);
  pthread_mutex_timedlock(&mutex, &end);
  pthread_mutex_unlock(&mutex);
}

void wait_for_write_lock() {
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  pthread_rwlock_rdlock(&lock);
  const timespec end = in_200_ms(CLOCK_REALTIME);
  pthread_rwlock_timedwrlock(&lock, &end);
  pthread_rwlock_unlock(&lock);
}

void wait_for_sleep() { usleep(200'000); }

class WaitingInside : public ::testing::TestWithParam<Waiting> {};

TEST_P(WaitingInside, IsRead) {
  const InterruptedCall call = found_in(GetParam().wait);
  if (call == InterruptedCall::kUnreadable) {
    // Cancellable calls through one function, since 2.41.
    const char* version = gnu_get_libc_version();
    if (std::strcmp(version, "2.41") >= 0) GTEST_SKIP() << "glibc " << version << " hides the number";
  }
  EXPECT_TRUE(call == InterruptedCall::kRestartable || call == InterruptedCall::kContinuable);
}

INSTANTIATE_TEST_SUITE_P(Waits, WaitingInside,
                         ::testing::Values(Waiting{"sem_timedwait", wait_for_semaphore},
                                           Waiting{"sem_clockwait", wait_for_semaphore_by_clock},
                                           Waiting{"pthread_cond_timedwait", wait_for_condition},
                                           Waiting{"pthread_mutex_timedlock", wait_for_mutex},
                                           Waiting{"pthread_rwlock_timedwrlock", wait_for_write_lock},
                                           Waiting{"usleep", wait_for_sleep}),
                         [](const auto& waiting) { return waiting.param.name; });

// Its `syscall` follows moves of arguments only, and the number came in a register.
TEST(InterruptedCallTest, SyscallFunctionIsNotRead) {
  const timespec time = {.tv_sec = 0, .tv_nsec = 200'000'000};
  const InterruptedCall call = found_in([&] { syscall(SYS_nanosleep, &time, nullptr); });
  EXPECT_EQ(call, InterruptedCall::kUnreadable);
}

// --- Code that was made to mislead.

// A page of code, of which `bytes` are the last, with `syscall` behind them.
class Code {
 public:
  explicit Code(std::initializer_list<unsigned char> bytes) {
    std::memset(page_, 0x90, sizeof(page_));
    unsigned char* at = page_ + sizeof(page_) / 2;
    for (const unsigned char byte : bytes) *at++ = byte;
    *at++ = 0x0f;
    *at++ = 0x05;
    end_ = at;
  }

  ucontext_t cut_short() const { return cut_short_behind(end_); }
  InterruptedCall call() const { return interrupted_call(cut_short()); }
  // With what the code begins at a page's start: the page before it may not be there.
  InterruptedCall call_at_page_start(std::ptrdiff_t size) {
    std::memmove(page_, end_ - size, static_cast<std::size_t>(size));
    return interrupted_call(cut_short_behind(page_ + size));
  }

 private:
  alignas(4096) unsigned char page_[4096];
  const unsigned char* end_;
};

TEST(InterruptedCallTest, NumberBeforeTheInstruction) {
  EXPECT_EQ(Code({0xb8, SYS_ppoll & 0xff, SYS_ppoll >> 8, 0, 0}).call(), InterruptedCall::kRestartable);
  EXPECT_EQ(Code({0x31, 0xc0}).call(), InterruptedCall::kRestartable);
}

TEST(InterruptedCallTest, OtherRegistersAreNotTheNumber) {
  // xor %r8d, %r8d ends like xor %eax, %eax, which is read(2).
  EXPECT_EQ(Code({0xb8, SYS_ppoll & 0xff, SYS_ppoll >> 8, 0, 0, 0x45, 0x31, 0xc0}).call(),
            InterruptedCall::kUnreadable);
  // xor %r8d, %eax
  EXPECT_EQ(Code({0x44, 0x31, 0xc0}).call(), InterruptedCall::kUnreadable);
  // mov $1, %r8d ends like mov $1, %eax, which is write(2).
  EXPECT_EQ(Code({0xb8, 0xe6, 0, 0, 0, 0x41, 0xb8, SYS_write, 0, 0, 0}).call(), InterruptedCall::kUnreadable);
}

TEST(InterruptedCallTest, CallsThatAreNotOnTheListStayAsTheyAre) {
  EXPECT_EQ(Code({0xb8, SYS_close, 0, 0, 0}).call(), InterruptedCall::kUnreadable);
}

TEST(InterruptedCallTest, ReadsNothingBeforeThePage) {
  Code poll({0xb8, SYS_poll, 0, 0, 0});
  EXPECT_EQ(poll.call_at_page_start(8), InterruptedCall::kRestartable);  // one nop before it
  EXPECT_EQ(poll.call_at_page_start(7), InterruptedCall::kUnreadable);   // a prefix may be in the page before
  EXPECT_EQ(poll.call_at_page_start(6), InterruptedCall::kUnreadable);
  EXPECT_EQ(poll.call_at_page_start(2), InterruptedCall::kUnreadable);
  EXPECT_EQ(poll.call_at_page_start(1), InterruptedCall::kNone);
}

TEST(InterruptedCallTest, OnlyEintrBehindTheInstruction) {
  const Code poll({0xb8, SYS_poll, 0, 0, 0});
  ucontext_t context = poll.cut_short();
  context.uc_mcontext.gregs[REG_RAX] = -EAGAIN;
  EXPECT_EQ(interrupted_call(context), InterruptedCall::kNone);
  context = poll.cut_short();
  ++context.uc_mcontext.gregs[REG_RIP];
  EXPECT_EQ(interrupted_call(context), InterruptedCall::kNone);
}

// --- Whose end the kernel remembers.

InterruptedCall call_with(unsigned char number, std::initializer_list<std::pair<int, greg_t>> registers) {
  const Code code({0xb8, number, 0, 0, 0});
  ucontext_t context = code.cut_short();
  for (const auto& [which, value] : registers) context.uc_mcontext.gregs[which] = value;
  return interrupted_call(context);
}

TEST(InterruptedCallTest, RelativeTimesAreContinued) {
  EXPECT_EQ(call_with(SYS_nanosleep, {}), InterruptedCall::kContinuable);
  EXPECT_EQ(call_with(SYS_clock_nanosleep, {{REG_RSI, 0}}), InterruptedCall::kContinuable);
  EXPECT_EQ(call_with(SYS_poll, {{REG_RDX, 10}}), InterruptedCall::kContinuable);
  EXPECT_EQ(call_with(SYS_futex, {{REG_RSI, FUTEX_WAIT_PRIVATE}, {REG_R10, 1}}), InterruptedCall::kContinuable);
}

TEST(InterruptedCallTest, AbsoluteAndEndlessOnesAreRestarted) {
  EXPECT_EQ(call_with(SYS_clock_nanosleep, {{REG_RSI, TIMER_ABSTIME}}), InterruptedCall::kRestartable);
  EXPECT_EQ(call_with(SYS_poll, {{REG_RDX, static_cast<greg_t>(std::uint32_t{0xffffffff})}}),
            InterruptedCall::kRestartable);
  EXPECT_EQ(call_with(SYS_futex, {{REG_RSI, FUTEX_WAIT_PRIVATE}, {REG_R10, 0}}), InterruptedCall::kRestartable);
  EXPECT_EQ(call_with(SYS_futex, {{REG_RSI, FUTEX_WAIT_BITSET_PRIVATE | FUTEX_CLOCK_REALTIME}, {REG_R10, 1}}),
            InterruptedCall::kRestartable);
}

}  // namespace
}  // namespace preempt::signal
