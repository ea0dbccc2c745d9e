// Compiled by preempt_signal_safe(), without a mark: a template and an inline function, which GCC's attribute does not
// reach, and a static one.
#include "kernel.h"

namespace {

template <class T>
[[gnu::noinline]] T mix(T value, std::uint64_t turns) {
  for (std::uint64_t i = 0; i < turns; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

}  // namespace

extern "C" std::uint64_t KERNEL(std::uint64_t turns) { return mix<std::uint64_t>(1, turns); }
