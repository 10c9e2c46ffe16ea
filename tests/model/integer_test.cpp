#include "model/text.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace usertags::model {
namespace {

TEST(ParseInteger, TakesOneSignAndDigits) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("7"), 7);
  EXPECT_EQ(parse_integer("+7"), 7);
  EXPECT_EQ(parse_integer("-7"), -7);
  EXPECT_EQ(parse_integer("-0"), 0);
  EXPECT_EQ(parse_integer("007"), 7);
  EXPECT_EQ(parse_integer(std::string(200, '0') + "1"), 1);
}

TEST(ParseInteger, HasTheRangeOf64Bits) {
  using Limits = std::numeric_limits<std::int64_t>;
  EXPECT_EQ(parse_integer("9223372036854775807"), Limits::max());
  EXPECT_EQ(parse_integer("-9223372036854775808"), Limits::min());
  EXPECT_FALSE(parse_integer("9223372036854775808"));
  EXPECT_FALSE(parse_integer("-9223372036854775809"));
  EXPECT_FALSE(parse_integer("18446744073709551616"));
}

TEST(ParseInteger, RefusesEverythingElse) {
  for (const std::string_view text : {"", "+", "-", "+-1", "-+1", "--1", "++1", " 1", "1 ", "1\n", "1.0",
                                      "1e3", "0x1F", "1_000", "1,000", "a", "1a", "٣", "−1"}) {
    EXPECT_FALSE(parse_integer(text)) << text;
  }
  EXPECT_FALSE(parse_integer(std::string_view("1\0", 2)));
}

}   // namespace
}   // namespace usertags::model
