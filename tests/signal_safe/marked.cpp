#include "kernel.h"
#include "preempt/signal_safe.h"

namespace {

std::uint64_t next(std::uint64_t value) { return value * 6364136223846793005u + 1442695040888963407u; }

PREEMPT_SIGNAL_SAFE_INLINE inline std::uint64_t mix_inline(std::uint64_t turns) {
  std::uint64_t value = 1;
  for (std::uint64_t i = 0; i < turns; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
  return value;
}

struct Mixer {
  PREEMPT_SIGNAL_SAFE_INLINE static std::uint64_t mix(std::uint64_t turns) {
    std::uint64_t value = 1;
    for (std::uint64_t i = 0; i < turns; ++i) value = value * 6364136223846793005u + 1442695040888963407u;
    return value;
  }
};

}  // namespace

PREEMPT_SIGNAL_SAFE std::uint64_t spin_marked(std::uint64_t turns) {
  std::uint64_t value = 1;
  for (std::uint64_t i = 0; i < turns; ++i) value = next(value);
  return value;
}
std::uint64_t spin_marked_inline(std::uint64_t turns) { return mix_inline(turns); }
std::uint64_t spin_marked_member(std::uint64_t turns) { return Mixer::mix(turns); }
