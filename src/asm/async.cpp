#include "asm/async.h"

#include <cpuid.h>

#include <algorithm>

extern "C" {
__attribute__((visibility("hidden"))) preempt::assembly::VectorState preempt_asm_vector_state = {};
}

namespace preempt::assembly {
namespace {

constexpr unsigned kXsaveLeaf = 0xD;
constexpr std::uint64_t kAvx = 1 << 2;
constexpr std::uint64_t kPkru = 1 << 9;  // a page-key right belongs to the thread, not to the task
constexpr std::uint64_t kTileConfig = std::uint64_t{1} << 17;
constexpr std::uint64_t kFxsaveSize = 512;

struct CpuidResult {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
};

CpuidResult cpuid(unsigned leaf, unsigned subleaf) noexcept {
  CpuidResult result;
  __get_cpuid_count(leaf, subleaf, &result.eax, &result.ebx, &result.ecx, &result.edx);
  return result;
}

std::uint64_t enabled_features() noexcept {
  std::uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low | std::uint64_t{high} << 32;
}

std::uint64_t features_in_use() noexcept {
  std::uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(1));
  return low | std::uint64_t{high} << 32;
}

// Whether xgetbv answers which features are in use, and tiles are among those enabled.
bool can_see_tiles() noexcept {
  constexpr unsigned kOsxsave = 1u << 27;    // leaf 1, ecx
  constexpr unsigned kTellsInUse = 1u << 2;  // leaf 0xD.1, eax
  return (cpuid(1, 0).ecx & kOsxsave) != 0 && (enabled_features() & kTileData) != 0 &&
         (cpuid(kXsaveLeaf, 1).eax & kTellsInUse) != 0;
}

// Written before the first worker, like preempt_asm_vector_state.
bool sees_tiles = false;

VectorState detect() noexcept {
  constexpr unsigned kOsxsave = 1u << 27;  // leaf 1, ecx
  if ((cpuid(1, 0).ecx & kOsxsave) == 0) {
    return {.method = PREEMPT_VECTOR_FXSAVE, .has_avx = 0, .mask_low = 0, .mask_high = 0, .size = kFxsaveSize};
  }
  const std::uint64_t features = enabled_features();
  const std::uint64_t saved = features & ~(kPkru | kTileConfig | kTileData);
  constexpr unsigned kHasXsavec = 1u << 1;  // leaf 0xD.1, eax
  const CpuidResult compacted = cpuid(kXsaveLeaf, 1);
  // The larger of both: hypervisors were seen to report a compacted size that is too small.
  const std::uint64_t size = std::max(cpuid(kXsaveLeaf, 0).ebx, compacted.ebx);
  return {.method = (compacted.eax & kHasXsavec) != 0 ? std::uint32_t{PREEMPT_VECTOR_XSAVEC}
                                                      : std::uint32_t{PREEMPT_VECTOR_XSAVE},
          .has_avx = (features & kAvx) != 0 ? 1u : 0u,
          .mask_low = static_cast<std::uint32_t>(saved),
          .mask_high = static_cast<std::uint32_t>(saved >> 32),
          .size = (size + 63) / 64 * 64};
}

}  // namespace

void detect_vector_state() noexcept {
  preempt_asm_vector_state = detect();
  sees_tiles = can_see_tiles();
}

bool tiles_are_live() noexcept { return sees_tiles && (features_in_use() & (kTileConfig | kTileData)) != 0; }

std::size_t async_frame_size() noexcept {
  constexpr std::size_t kFlagsRbpAndPc = 3 * 8;
  constexpr std::size_t kAlignment = 64;
  return PREEMPT_RED_ZONE + kFlagsRbpAndPc + 8 * PREEMPT_ASYNC_PUSHED + kAlignment + preempt_asm_vector_state.size;
}

}  // namespace preempt::assembly
