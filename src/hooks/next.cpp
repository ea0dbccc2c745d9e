#include "hooks/next.h"

#include <dlfcn.h>

#include <cerrno>
#include <cstring>

namespace preempt::hooks {
namespace {

// Initial-exec by compile option.
constinit thread_local bool is_looking = false;

// Before glibc 2.36 dlsym(RTLD_NEXT) finds the oldest version (glibc bug 14932). Only of these two is that another
// function: it takes the condition variable of before 2.3.2.
bool has_unlike_versions(const char* name) noexcept {
  return std::strcmp(name, "pthread_cond_wait") == 0 || std::strcmp(name, "pthread_cond_timedwait") == 0;
}

}  // namespace

void* find_next(const char* name) noexcept {
  if (is_looking) return nullptr;
  const int saved_errno = errno;
  is_looking = true;
  void* found = has_unlike_versions(name) ? dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2") : nullptr;
  if (found == nullptr) found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) dlerror();  // not the program's error
  is_looking = false;
  errno = saved_errno;
  return found;
}

}  // namespace preempt::hooks
