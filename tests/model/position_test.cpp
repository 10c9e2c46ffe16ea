#include "model/position.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>

namespace usertags::model {
namespace {

constexpr std::uint64_t kGreatest = std::numeric_limits<std::uint64_t>::max();

Position some_position() {
  return PositionAccess::make({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0xFF}, 3, kGreatest);
}

TEST(Position, ComesBackFromItsText) {
  for (const Position& position : {Position(), Position().at(7), some_position(), some_position().at(0)}) {
    const std::string text = position.text();
    EXPECT_EQ(text.size(), 55U);
    EXPECT_EQ(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    const auto parsed = Position::parse(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(*parsed, position);
  }
}

static_assert(noexcept(Position().text()));

TEST(Position, ShowsItsNumbers) {
  EXPECT_EQ(some_position().revision(), kGreatest);
  EXPECT_EQ(some_position().epoch(), 3U);
  EXPECT_EQ(some_position().at(5).revision(), 5U);
  EXPECT_EQ(some_position().at(5).epoch(), 3U);
  EXPECT_NE(some_position().at(5), some_position());
  EXPECT_TRUE(PositionAccess::is_of_no_store(Position()));
  EXPECT_FALSE(PositionAccess::is_of_no_store(some_position()));
}

// A text that lost or changed a character would start a feed somewhere else.
TEST(Position, NoOtherTextIsOne) {
  const std::string text = some_position().text();
  EXPECT_FALSE(Position::parse(""));
  EXPECT_FALSE(Position::parse(text + "A"));
  for (std::size_t i = 0; i < text.size(); ++i) {
    EXPECT_FALSE(Position::parse(std::string(text).erase(i, 1))) << i;
    for (const char other : {'A', 'B', '_', '+', ' ', '\0'}) {
      std::string mangled = text;
      if (mangled[i] == other) continue;
      mangled[i] = other;
      const auto parsed = Position::parse(mangled);
      ASSERT_FALSE(parsed) << i << other;
      EXPECT_EQ(parsed.error().code(), ErrorCode::invalid_argument);
    }
  }
}

}   // namespace
}   // namespace usertags::model
