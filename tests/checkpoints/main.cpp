// Every calling convention through our __morestack: compiled by both compilers with the flags that change prologues,
// and linked by each linker.
#include <cpuid.h>
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <string>
#include <vector>

#include "checkpoints/corpora.h"
#include "fiber/gate.h"
#include "preempt/executor.h"
#include "support/scale.h"

namespace preempt {
namespace {

using fiber::Entry;
using fiber::Gate;

std::atomic<int> slow_calls = 0;
Entry last_entry = Entry::kCheckpoint;

// Those linked with the program, and that of the module which the command line names.
std::vector<Corpus> corpora(std::begin(kCorpora), std::end(kCorpora));

void ask() { fiber::own_guard_word()->store(Gate::kAsked, std::memory_order_relaxed); }

// Whatever may hold an argument has another value after the scheduler.
void spoil_argument_registers() {
  asm volatile(
      "movq $0x5a5a5a5a, %%rax\n\t"
      "movq %%rax, %%rcx\n\tmovq %%rax, %%rdx\n\tmovq %%rax, %%rsi\n\tmovq %%rax, %%rdi\n\t"
      "movq %%rax, %%r8\n\tmovq %%rax, %%r9\n\tmovq %%rax, %%r10\n\tmovq %%rax, %%r11\n\t"
      "movq %%rax, %%xmm0\n\tmovq %%rax, %%xmm1\n\tmovq %%rax, %%xmm2\n\tmovq %%rax, %%xmm3\n\t"
      "movq %%rax, %%xmm4\n\tmovq %%rax, %%xmm5\n\tmovq %%rax, %%xmm6\n\tmovq %%rax, %%xmm7" ::
          : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5",
            "xmm6", "xmm7");
  if (__builtin_cpu_supports("avx512f")) {
    asm volatile(
        "vpternlogd $0xff, %%zmm0, %%zmm0, %%zmm0\n\tvmovaps %%zmm0, %%zmm1\n\tvmovaps %%zmm0, %%zmm2\n\t"
        "vmovaps %%zmm0, %%zmm3\n\tvmovaps %%zmm0, %%zmm4\n\tvmovaps %%zmm0, %%zmm5\n\t"
        "vmovaps %%zmm0, %%zmm6\n\tvmovaps %%zmm0, %%zmm7" ::
            : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  } else if (__builtin_cpu_supports("avx")) {
    asm volatile("vzeroall" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  }
}

Verdict count_and_spoil(Gate&, Entry entry) {
  last_entry = entry;
  ++slow_calls;
  spoil_argument_registers();
  return Verdict::kNotDue;
}

// Runs `body` as the only task of an executor, with our function in the scheduler's place.
template <class Body>
void with_counting_scheduler(Body body) {
  Executor executor({.processors = 1, .preemption = Preemption::kCheckpoints, .max_threads = 1});
  executor.execute([&] {
    Gate& gate = *fiber::current_gate();
    const auto on_preempt = gate.on_preempt;
    gate.on_preempt = count_and_spoil;
    body(gate);
    fiber::own_guard_word()->store(0, std::memory_order_relaxed);
    gate.pending.store(false, std::memory_order_relaxed);
    gate.on_preempt = on_preempt;
  });
  executor.drain();
}

bool has_loop_checkpoints(const Corpus& corpus) { return std::strstr(corpus.name, "loops") != nullptr; }

// Clang leaves functions without a frame as they are.
bool may_be_without_checkpoint(const Corpus& corpus, const Case& each) {
  return std::strstr(each.name, "loops") != nullptr && !has_loop_checkpoints(corpus);
}

TEST(Checkpoints, EveryCallGoesTheSlowWayAndKeepsItsArguments) {
  with_counting_scheduler([](Gate&) {
    for (const Corpus& corpus : corpora) {
      for (const Case* each = corpus.cases; each->name != nullptr; ++each) {
        SCOPED_TRACE(std::string(corpus.name) + ": " + each->name);
        slow_calls = 0;
        EXPECT_TRUE(each->holds(ask));
        EXPECT_TRUE(slow_calls >= 1 || may_be_without_checkpoint(corpus, *each));
        fiber::own_guard_word()->store(0, std::memory_order_relaxed);
      }
    }
  });
}

TEST(Checkpoints, TasksAreSetAsideAtThem) {
  for (const bool migratable : {false, true}) {
    SCOPED_TRACE(migratable);
    Executor executor({.processors = 2,
                       .time_slice = std::chrono::microseconds(20),
                       .preemption = Preemption::kCheckpoints,
                       .migratable = migratable});
    const std::uint64_t wanted = testing::scaled(2000);
    std::atomic<int> wrong = 0;
    std::atomic<bool> stop = false;
    for (const Corpus& corpus : corpora) {
      executor.execute([&] {
        while (!stop) {
          for (const Case* each = corpus.cases; each->name != nullptr; ++each) wrong += !each->holds([] {});
        }
      });
    }
    while (executor.stats().checkpoint_yields < wanted) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    stop = true;
    executor.drain();
    EXPECT_EQ(wrong, 0);
    EXPECT_GE(executor.stats().checkpoint_yields, wanted);
  }
}

TEST(Checkpoints, OffWorkersFunctionsAreEntered) {
  for (const Corpus& corpus : corpora) {
    ask();
    EXPECT_TRUE(corpus.cases[0].holds(ask)) << corpus.name;
    EXPECT_EQ(*fiber::own_guard_word(), 0U) << corpus.name;
  }
}

// Another stack, as of a coroutine: the function is entered, no more.
ucontext_t main_context, coroutine_context;
bool right_on_coroutine = false;

void coroutine() {
  right_on_coroutine = true;
  for (const Corpus& corpus : corpora) {
    for (const Case* each = corpus.cases; each->name != nullptr; ++each) {
      right_on_coroutine = each->holds(ask) && right_on_coroutine;
    }
  }
}

TEST(Checkpoints, OnAForeignStackFunctionsAreEntered) {
  with_counting_scheduler([](Gate& gate) {
    std::vector<char> stack(1 << 20);
    getcontext(&coroutine_context);
    coroutine_context.uc_stack = {.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
    coroutine_context.uc_link = &main_context;
    makecontext(&coroutine_context, coroutine, 0);
    slow_calls = 0;
    swapcontext(&main_context, &coroutine_context);
    EXPECT_TRUE(right_on_coroutine);
    EXPECT_EQ(slow_calls, 0);
    EXPECT_TRUE(gate.pending);
  });
}

// Nothing is thrown in a signal handler.
void on_alternate_stack(int) {
  right_on_coroutine = true;
  for (const Corpus& corpus : corpora) {
    for (const Case* each = corpus.cases; each->name != nullptr; ++each) {
      if (std::strcmp(each->name, "exceptions") != 0) right_on_coroutine = each->holds(ask) && right_on_coroutine;
    }
  }
}

TEST(Checkpoints, InASignalHandlerFunctionsAreEntered) {
  with_counting_scheduler([](Gate& gate) {
    struct sigaction action = {}, before;
    action.sa_handler = on_alternate_stack;
    action.sa_flags = SA_ONSTACK;
    sigaction(SIGUSR1, &action, &before);
    slow_calls = 0;
    raise(SIGUSR1);
    sigaction(SIGUSR1, &before, nullptr);
    EXPECT_TRUE(right_on_coroutine);
    EXPECT_EQ(slow_calls, 0);
    EXPECT_TRUE(gate.pending);
  });
}

TEST(Checkpoints, NearTheEndOfTheStackFunctionsAreEntered) {
  with_counting_scheduler([](Gate& gate) {
    const fiber::Bounds stack = gate.fiber_stack;
    gate.fiber_stack.low = reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - 20000;
    slow_calls = 0;
    EXPECT_TRUE(kCorpora[0].cases[0].holds(ask));
    EXPECT_EQ(slow_calls, 0);
    EXPECT_TRUE(gate.pending);
    gate.fiber_stack = stack;
  });
}

// AMX tiles are not saved, so a task that uses them keeps its thread.
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM of arch_prctl(2)
  constexpr long kTileData = 18;
  unsigned eax, ebx, ecx, edx;
  constexpr unsigned kAmxTile = 1U << 24;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (edx & kAmxTile) != 0 &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

TEST(Checkpoints, ATaskWithTilesKeepsItsThread) {
  if (!may_use_tiles()) GTEST_SKIP() << "no AMX here";
  with_counting_scheduler([](Gate&) {
    const auto call = [] {
      ask();
      EXPECT_TRUE(corpora[0].cases[0].holds([] {}));
    };
    call();
    EXPECT_EQ(last_entry, Entry::kCheckpoint);
    alignas(64) unsigned char configuration[64] = {1};  // palette 1
    configuration[16] = 64;                             // bytes of a row of tile 0
    configuration[48] = 16;                             // rows
    asm volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0x00" ::"a"(configuration), "m"(configuration));  // ldtilecfg (%rax)
    call();
    EXPECT_EQ(last_entry, Entry::kDeferred);
    asm volatile(".byte 0xc4, 0xe2, 0x78, 0x49, 0xc0");  // tilerelease
    call();
    EXPECT_EQ(last_entry, Entry::kCheckpoint);
  });
}

// rax and r10 are the compiler's: the number of vector arguments, the static chain.
TEST(Checkpoints, RaxAndR10AreKept) {
  with_counting_scheduler([](Gate&) {
    std::uint64_t rax = 0x1111, r10 = 0x2222;
    ask();
    asm volatile(
        "movq %0, %%rax\n\tmovq %1, %%r10\n\t"
        "leaq -128(%%rsp), %%rsp\n\t"
        "call 2f\n\t"
        "jmp 3f\n"
        "2:\n\t"
        "call preempt_checkpoints_are_linked_by_preempt_add_checkpoints\n\t"
        "ret\n\t"
        "nop\n\t"
        "ret\n"
        "3:\n\t"
        "leaq 128(%%rsp), %%rsp\n\t"
        "movq %%rax, %0\n\tmovq %%r10, %1"
        : "+m"(rax), "+m"(r10)::"rax", "r10", "r11", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "cc", "memory");
    EXPECT_EQ(rax, 0x1111U);
    EXPECT_EQ(r10, 0x2222U);
    EXPECT_GE(slow_calls, 1);
  });
}

}  // namespace

// PROGRAM [module function]
bool load(int argc, char** argv) {
  if (argc < 3) return true;
  void* const module = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
  void* const function = module == nullptr ? nullptr : dlsym(module, argv[2]);
  if (function == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return false;
  }
  corpora.push_back(reinterpret_cast<Corpus (*)()>(function)());
  return true;
}

}  // namespace preempt

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  return preempt::load(argc, argv) ? RUN_ALL_TESTS() : 1;
}
