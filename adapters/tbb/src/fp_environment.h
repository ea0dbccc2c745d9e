// The floating-point control settings that a task_group_context carries: MXCSR without its status flags, and the x87
// control word.
#ifndef PREEMPT_ADAPTERS_TBB_FP_ENVIRONMENT_H_
#define PREEMPT_ADAPTERS_TBB_FP_ENVIRONMENT_H_

#include <cstdint>

namespace tbb::detail::r1 {

class fp_environment {
 public:
  static fp_environment current() {
    std::uint32_t mxcsr = 0;
    std::uint16_t control = 0;
    asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(mxcsr), "=m"(control));
    return fp_environment((mxcsr & ~kStatusFlags) | std::uint64_t{control} << 32);
  }

  explicit fp_environment(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits() const { return bits_; }
  bool operator==(const fp_environment&) const = default;

  void apply() const {
    const auto mxcsr = static_cast<std::uint32_t>(bits_);
    const auto control = static_cast<std::uint16_t>(bits_ >> 32);
    asm volatile("ldmxcsr %0\n\tfldcw %1" : : "m"(mxcsr), "m"(control));
  }

 private:
  static constexpr std::uint32_t kStatusFlags = 0x3f;
  std::uint64_t bits_;
};

}  // namespace tbb::detail::r1

#endif  // PREEMPT_ADAPTERS_TBB_FP_ENVIRONMENT_H_
