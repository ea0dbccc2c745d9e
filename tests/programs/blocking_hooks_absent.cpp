// A program that uses preempt and does not link its hooks calls libc itself.
#include <dlfcn.h>
#include <gtest/gtest.h>

#include <string>

#include "hooks/libc.h"
#include "preempt/executor.h"

namespace {

TEST(BlockingHooksAbsent, NothingIsInterposed) {
#define PREEMPT_HOOK(name, count) #name,
#define PREEMPT_LOCK(name, try_name) #name,
  const char* const names[] = {
#include "hooks/calls.inc"
  };
#undef PREEMPT_HOOK
#undef PREEMPT_LOCK
  preempt::Executor executor({.processors = 1});
  EXPECT_EQ(executor.submit([] { return 42; }).get(), 42);
  EXPECT_EQ(dlopen("libpreempt_blocking_hooks.so", RTLD_LAZY | RTLD_NOLOAD), nullptr);
  for (const char* name : names) {
    void* address = dlsym(RTLD_DEFAULT, name);
    Dl_info info = {};
    if (address == nullptr || dladdr(address, &info) == 0) continue;
    EXPECT_EQ(std::string(info.dli_fname).find("libpreempt"), std::string::npos) << name << " of " << info.dli_fname;
  }
}

}  // namespace
