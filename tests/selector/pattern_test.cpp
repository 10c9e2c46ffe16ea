#include "selector/pattern.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace usertags::selector {
namespace {

using namespace std::string_literals;

// `*` and `?` stand for the wildcards.
Pattern pattern(std::string_view text) {
  Pattern pattern;
  for (const char c : text) {
    if (c == '*') {
      pattern.append_any_run();
    } else if (c == '?') {
      pattern.append_any_character();
    } else {
      pattern.append_literal({&c, 1});
    }
  }
  return pattern;
}

TEST(Pattern, WithoutWildcardsMatchesItsTextOnly) {
  EXPECT_TRUE(pattern("gold").matches("gold"));
  for (const std::string_view value : {"", "gol", "golden", "agold", "Gold"}) {
    EXPECT_FALSE(pattern("gold").matches(value)) << value;
  }
  EXPECT_TRUE(Pattern().matches(""));
  EXPECT_FALSE(Pattern().matches("a"));
}

TEST(Pattern, OneStandsForACharacterWhateverItsBytes) {
  for (const std::string_view value : {"a", "é", "日", "𝄞", "*", "?"}) {
    EXPECT_TRUE(pattern("?").matches(value)) << value;
  }
  EXPECT_FALSE(pattern("?").matches(""));
  EXPECT_FALSE(pattern("?").matches("ab"));
  EXPECT_FALSE(pattern("?").matches("e\u0301")) << "a letter and a combining accent are two characters";
  EXPECT_TRUE(pattern("??").matches("日本"));
  EXPECT_FALSE(pattern("???").matches("日"));
}

TEST(Pattern, ARunStandsForAnyNumberOfCharacters) {
  for (const std::string_view value : {"", "a", "日本", "***"}) EXPECT_TRUE(pattern("*").matches(value));
  EXPECT_TRUE(pattern("go*").matches("go"));
  EXPECT_TRUE(pattern("go*").matches("gold"));
  EXPECT_FALSE(pattern("go*").matches("ago"));
  EXPECT_TRUE(pattern("*ld").matches("gold old"));
  EXPECT_TRUE(pattern("a*b*c").matches("abbbc"));
  EXPECT_TRUE(pattern("a*bc").matches("abcbabc"));
  EXPECT_FALSE(pattern("a*bc").matches("abcbab"));
  EXPECT_TRUE(pattern("*a?c*").matches("xxabbxaéc"));
  EXPECT_FALSE(pattern("a*a").matches("a"));
}

// What follows a run is looked for at the beginnings of characters, never within one.
TEST(Pattern, ARunEndsBetweenCharacters) {
  EXPECT_FALSE(pattern("*?").matches(""));
  EXPECT_TRUE(pattern("*?").matches("日"));
  EXPECT_FALSE(pattern("*??").matches("日"));
  EXPECT_TRUE(pattern("?*日").matches("日日"));
  EXPECT_FALSE(pattern("?*日").matches("日"));
}

TEST(Pattern, NamesWhatEveryMatchBeginsWith) {
  EXPECT_EQ(pattern("").prefix(), "");
  EXPECT_EQ(pattern("gold").prefix(), "gold");
  EXPECT_EQ(pattern("go*ld").prefix(), "go");
  EXPECT_EQ(pattern("é?").prefix(), "é");
  EXPECT_EQ(pattern("*go").prefix(), "");
  EXPECT_TRUE(pattern("gold").is_fixed());
  EXPECT_TRUE(pattern("").is_fixed());
  EXPECT_FALSE(pattern("gold*").is_fixed());
}

TEST(Pattern, IsEqualHoweverItsWildcardsAreMixed) {
  EXPECT_EQ(pattern("a**b"), pattern("a*b"));
  EXPECT_EQ(pattern("a*?*?b"), pattern("a??*b"));
  EXPECT_NE(pattern("a?b"), pattern("a*b"));
  EXPECT_NE(pattern("a??b"), pattern("a?b"));
  EXPECT_NE(pattern("*a*"), pattern("a*"));
}

// A search that tries every division of the value among the runs would not come back from this.
TEST(Pattern, ManyRunsTakeNoTime) {
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "*a";
  EXPECT_FALSE(pattern(many + "b").matches(std::string(800, 'a')));
  EXPECT_TRUE(pattern(many + "*").matches(std::string(5000, 'a')));
}

TEST(Pattern, StaysWithinMalformedText) {
  for (const std::string& value : {"\x80"s, "\xE6"s, "a\xF0\x9D"s, "\xFE"s, "\xFF"s, "\xFF\xFE"s}) {
    const std::vector<char> exact(value.begin(), value.end());   // the address sanitizer watches its end
    const std::string_view text(exact.data(), exact.size());
    EXPECT_TRUE(pattern("*").matches(text));
    EXPECT_FALSE(pattern("???").matches(text));
  }
}

// The definition itself: exponential, and plainly right.
bool matches_by_definition(std::u32string_view pattern, std::u32string_view value) {
  if (pattern.empty()) return value.empty();
  if (pattern.front() == U'*') {
    return matches_by_definition(pattern.substr(1), value) ||
           (!value.empty() && matches_by_definition(pattern, value.substr(1)));
  }
  if (value.empty() || (pattern.front() != U'?' && pattern.front() != value.front())) return false;
  return matches_by_definition(pattern.substr(1), value.substr(1));
}

std::string utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text)
    out += c == U'é' ? "é" : c == U'日' ? "日" : std::string(1, static_cast<char>(c));
  return out;
}

std::u32string text_of(std::u32string_view alphabet, std::size_t max_size) {
  const auto characters =
      *rc::gen::container<std::vector<char32_t>>(rc::gen::elementOf(std::u32string(alphabet)));
  return std::u32string(characters.begin(), characters.end()).substr(0, max_size);
}

RC_GTEST_PROP(Pattern, MatchesByDefinition, ()) {
  const std::u32string items = text_of(U"aé**?", 6);
  const std::u32string value = text_of(U"aaé日", 8);
  const bool expected = matches_by_definition(items, value);
  RC_CLASSIFY(expected);
  RC_ASSERT(pattern(utf8(items)).matches(utf8(value)) == expected);
}

}   // namespace
}   // namespace usertags::selector
