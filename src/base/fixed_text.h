// Text for a signal handler: of bounded length, without allocation.
#ifndef PREEMPT_BASE_FIXED_TEXT_H_
#define PREEMPT_BASE_FIXED_TEXT_H_

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace preempt::base {

// What does not fit is cut off.
template <std::size_t kCapacity>
class FixedText {
 public:
  FixedText& add(std::string_view text) {
    const std::size_t count = std::min(text.size(), kCapacity - size_);
    std::memcpy(bytes_ + size_, text.data(), count);
    size_ += count;
    return *this;
  }
  FixedText& add(std::uint64_t number) { return add(number, 10); }
  FixedText& add_hex(std::uint64_t number) { return add("0x").add(number, 16); }

  std::string_view view() const { return {bytes_, size_}; }

 private:
  FixedText& add(std::uint64_t number, int base) {
    const auto end = std::to_chars(bytes_ + size_, bytes_ + kCapacity, number, base);
    if (end.ec == std::errc()) size_ = static_cast<std::size_t>(end.ptr - bytes_);
    return *this;
  }

  std::size_t size_ = 0;
  char bytes_[kCapacity];
};

}  // namespace preempt::base

#endif  // PREEMPT_BASE_FIXED_TEXT_H_
