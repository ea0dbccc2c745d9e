// Size to keep apart what different cpus write.
#ifndef PREEMPT_BASE_CACHE_LINE_H_
#define PREEMPT_BASE_CACHE_LINE_H_

#include <cstddef>

namespace preempt::base {

// std::hardware_destructive_interference_size depends on -mtune, so GCC warns of it in headers.
inline constexpr std::size_t kCacheLine = 64;

}  // namespace preempt::base

#endif  // PREEMPT_BASE_CACHE_LINE_H_
