// The definition of a call behind ours in the loader's order: libc's, or that of another library that interposes it.
#ifndef PREEMPT_HOOKS_NEXT_H_
#define PREEMPT_HOOKS_NEXT_H_

#include <atomic>

namespace preempt::hooks {

// dlsym(RTLD_NEXT), of the version that a program is linked to today. Null: there is none, or this thread is inside
// this function already, as when the program's own malloc takes a mutex for dlsym. Keeps errno.
void* find_next(const char* name) noexcept;

// Found in the library's constructor; at the first call where one comes before it. Two threads that find it at once
// find the same.
template <class Function>
class Next {
 public:
  constexpr explicit Next(const char* name) : name_(name) {}

  Function* get() noexcept {
    Function* known = address_.load(std::memory_order_relaxed);
    if (known != nullptr) [[likely]] return known;
    return find();
  }

 private:
  [[gnu::noinline]] Function* find() noexcept {
    auto* found = reinterpret_cast<Function*>(find_next(name_));
    address_.store(found, std::memory_order_relaxed);
    return found;
  }

  std::atomic<Function*> address_ = nullptr;
  const char* name_;
};

}  // namespace preempt::hooks

#endif  // PREEMPT_HOOKS_NEXT_H_
