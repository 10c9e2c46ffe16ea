#include "terminal/caret.hpp"

#include <gtest/gtest.h>

#include "output/text.hpp"

namespace usertags::command {
namespace {

TEST(Caret, StandsUnderThePlace) {
  EXPECT_EQ(caret_lines("tier=go*", 7), "  tier=go*\n         ^");
  EXPECT_EQ(caret_lines("a,", 2), "  a,\n    ^");
  EXPECT_EQ(caret_lines("", 0), "  \n  ^");
  EXPECT_EQ(caret_lines("é=日 b", 7), "  é=日 b\n      ^");
}

TEST(Caret, CountsEscapesAsTheyAreShown) {
  EXPECT_EQ(caret_lines("a\nb c", 4), "  a\\nb c\n       ^");
  EXPECT_EQ(caret_lines("a\xFF", 1), "  a\\xff\n   ^");
  EXPECT_EQ(caret_lines("\"\\\" b", 4), "  \"\\\" b\n      ^");
}

TEST(Caret, ShowsThePartAroundThePlace) {
  const std::string text = std::string(60000, 'x') + " y" + std::string(5000, 'z');
  EXPECT_EQ(caret_lines(text, 60001, 10), "  …xxx yzzz…\n       ^");
  EXPECT_EQ(caret_lines("0123456789", 9, 8), "  …6789\n      ^");
}

}   // namespace
}   // namespace usertags::command
