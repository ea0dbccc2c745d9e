// Where the loader finds the calls of src/hooks/calls.inc when the program is linked to preempt::blocking_hooks, and
// that they work before any constructor and inside a malloc that locks.
#include <dlfcn.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include "hooks/libc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define PREEMPT_TEST_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define PREEMPT_TEST_SANITIZED
#endif
#endif

namespace {

[[maybe_unused]] pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
int early_calls = 0;

// Before the constructors of every library, that of the hooks included.
void call_early() {
  pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  early_calls += poll(nullptr, 0, 0) == 0;
  early_calls += write(-1, "", 1) == -1 && errno == EBADF;
  early_calls += pthread_mutex_lock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0;
  early_calls += pthread_rwlock_rdlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0;
}

[[gnu::used, gnu::section(".preinit_array")]] void (*early)() = &call_early;

}  // namespace

#ifndef PREEMPT_TEST_SANITIZED

extern "C" {

void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
  pthread_mutex_lock(&heap_lock);
  void* memory = __libc_malloc(size);
  pthread_mutex_unlock(&heap_lock);
  return memory;
}

void* calloc(std::size_t count, std::size_t size) {
  pthread_mutex_lock(&heap_lock);
  void* memory = __libc_calloc(count, size);
  pthread_mutex_unlock(&heap_lock);
  return memory;
}

void* realloc(void* former, std::size_t size) {
  pthread_mutex_lock(&heap_lock);
  void* memory = __libc_realloc(former, size);
  pthread_mutex_unlock(&heap_lock);
  return memory;
}

void free(void* memory) {
  pthread_mutex_lock(&heap_lock);
  __libc_free(memory);
  pthread_mutex_unlock(&heap_lock);
}

}  // extern "C"

#endif

namespace {

std::vector<const char*> calls() {
  return {
#define PREEMPT_HOOK(name, count) #name,
#define PREEMPT_LOCK(name, try_name) #name,
#include "hooks/calls.inc"
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK
  };
}

// File of the first definition behind `where`.
std::string file_of(void* where, const char* name) {
  void* address = dlsym(where, name);
  Dl_info info = {};
  return address != nullptr && dladdr(address, &info) != 0 ? info.dli_fname : "none";
}

TEST(BlockingHooksOrder, EachCallIsFoundInTheHooks) {
#ifdef PREEMPT_TEST_SANITIZED
  GTEST_SKIP() << "the sanitizer's own hooks come first";
#endif
  EXPECT_GT(calls().size(), 100u);
  for (const char* name : calls()) {
    EXPECT_NE(file_of(RTLD_DEFAULT, name).find("libpreempt_blocking_hooks.so"), std::string::npos) << name;
  }
}

TEST(BlockingHooksOrder, WorksBeforeConstructors) { EXPECT_EQ(early_calls, 4); }

TEST(BlockingHooksOrder, WorksInAMallocThatLocks) {
  for (int i = 0; i < 1000; ++i) {
    std::string* text = new std::string(1000, 'x');
    EXPECT_EQ(text->size(), 1000u);
    delete text;
  }
}

}  // namespace
