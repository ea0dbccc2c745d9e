// Text in a buffer of its own: put together in order, and cut off where it is full.
#include "base/fixed_text.h"

#include <gtest/gtest.h>

namespace preempt::base {
namespace {

TEST(FixedTextTest, PutsTheParts) {
  FixedText<64> text;
  EXPECT_EQ(text.view(), "");
  text.add("stack of ").add(std::uint64_t{65536}).add(" bytes at ").add_hex(0x7f00).add("").add_hex(0);
  EXPECT_EQ(text.view(), "stack of 65536 bytes at 0x7f000x0");
  text.add(~std::uint64_t{0});
  EXPECT_EQ(text.view().substr(33), "18446744073709551615");
}

TEST(FixedTextTest, CutsOffWhatIsTooMuch) {
  FixedText<8> text;
  text.add("123456").add(std::uint64_t{100});
  EXPECT_EQ(text.view(), "123456") << "no part of a number";
  text.add("abcdef");
  EXPECT_EQ(text.view(), "123456ab");
  text.add("x").add(std::uint64_t{1});
  EXPECT_EQ(text.view(), "123456ab");
}

}  // namespace
}  // namespace preempt::base
