// The Go library of these tests, loaded when a test says so.
#ifndef PREEMPT_TESTS_PROGRAMS_GO_LIBRARY_GO_LIBRARY_H_
#define PREEMPT_TESTS_PROGRAMS_GO_LIBRARY_GO_LIBRARY_H_

#include <dlfcn.h>

#include <cstdint>

namespace preempt::testing {

inline std::uint64_t expected_hash(int rounds) {
  std::uint64_t value = 1;
  for (int i = 0; i < rounds; ++i) value = value * 6364136223846793005u + i;
  return value;
}

class GoLibrary {
 public:
  // PREEMPT_TEST_GO_LIBRARY is the library's path where CMake found go.
  static constexpr bool is_built() {
#ifdef PREEMPT_TEST_GO_LIBRARY
    return true;
#else
    return false;
#endif
  }

  // Starts the Go runtime, which can be neither unloaded nor stopped.
  bool load() {
#ifdef PREEMPT_TEST_GO_LIBRARY
    void* const library = dlopen(PREEMPT_TEST_GO_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return false;
    find(library, "GoHash", hash);
    find(library, "GoHashInGoroutines", hash_in_goroutines);
    find(library, "GoStopsALoop", stops_a_loop);
#endif
    return hash != nullptr && hash_in_goroutines != nullptr && stops_a_loop != nullptr;
  }

  unsigned long long (*hash)(int rounds) = nullptr;
  unsigned long long (*hash_in_goroutines)(int goroutines, int rounds) = nullptr;
  int (*stops_a_loop)() = nullptr;

 private:
  template <class Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(dlsym(library, name));
  }
};

}  // namespace preempt::testing

#endif  // PREEMPT_TESTS_PROGRAMS_GO_LIBRARY_GO_LIBRARY_H_
