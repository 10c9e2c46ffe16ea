#include "model/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace usertags::model {
namespace {

using namespace std::string_literals;

// What scan_utf8 says, or no count where the text is malformed.
std::optional<std::size_t> code_points(std::string_view text) {
  const Utf8Scan scan = scan_utf8(text);
  return scan.well_formed ? std::optional(scan.code_points) : std::nullopt;
}

struct Lead {
  int trail_bytes;
  std::uint32_t bits;
  std::uint32_t least;   // a code point below it is overlong
};

std::optional<Lead> lead(std::uint8_t byte) {
  if (byte < 0x80) return Lead{0, byte, 0};
  if (byte >> 5 == 0b110) return Lead{1, byte & 0x1Fu, 0x80};
  if (byte >> 4 == 0b1110) return Lead{2, byte & 0x0Fu, 0x800};
  if (byte >> 3 == 0b11110) return Lead{3, byte & 0x07u, 0x10000};
  return std::nullopt;
}

// A second decoder: it computes each code point and judges that, where the scanner judges bytes by table 3-7.
std::optional<std::size_t> decoded_code_points(std::string_view text) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++count) {
    const auto first = lead(static_cast<std::uint8_t>(text[i++]));
    if (!first) return std::nullopt;
    std::uint32_t code_point = first->bits;
    for (int left = first->trail_bytes; left > 0; --left) {
      if (i == text.size() || (text[i] & 0xC0) != 0x80) return std::nullopt;
      code_point = code_point << 6 | (static_cast<std::uint8_t>(text[i++]) & 0x3Fu);
    }
    const bool is_surrogate = 0xD800 <= code_point && code_point <= 0xDFFF;
    if (code_point < first->least || is_surrogate || code_point > 0x10FFFF) return std::nullopt;
  }
  return count;
}

std::string encode(std::uint32_t code_point) {
  const auto trail = [&](int shift) { return static_cast<char>(0x80 | (code_point >> shift & 0x3F)); };
  const auto top = [&](std::uint32_t mark, int shift) {
    return static_cast<char>(mark | code_point >> shift);
  };
  if (code_point < 0x80) return {top(0, 0)};
  if (code_point < 0x800) return {top(0xC0, 6), trail(0)};
  if (code_point < 0x10000) return {top(0xE0, 12), trail(6), trail(0)};
  return {top(0xF0, 18), trail(12), trail(6), trail(0)};
}

TEST(Utf8, TakesEveryScalarValueAndNoSurrogate) {
  for (std::uint32_t code_point = 0; code_point <= 0x10FFFF; ++code_point) {
    const bool is_surrogate = 0xD800 <= code_point && code_point <= 0xDFFF;
    const auto expected = is_surrogate ? std::nullopt : std::optional<std::size_t>(1);
    ASSERT_EQ(code_points(encode(code_point)), expected) << std::hex << code_point;
  }
}

// Every lead with every second byte, and third and fourth bytes from both sides of each bound of table 3-7.
TEST(Utf8, AgreesWithTheDecoderOnAllShortSequences) {
  constexpr unsigned char kBounds[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xFF};
  std::string text(4, '\0');
  const auto agrees = [&](std::size_t size) {
    const std::string_view part(text.data(), size);
    return code_points(part) == decoded_code_points(part);
  };
  for (int pair = 0; pair <= 0xFFFF; ++pair) {
    text[0] = static_cast<char>(pair >> 8);
    text[1] = static_cast<char>(pair & 0xFF);
    ASSERT_TRUE(agrees(1) && agrees(2)) << std::hex << pair;
    for (const unsigned char third : kBounds) {
      text[2] = static_cast<char>(third);
      ASSERT_TRUE(agrees(3)) << std::hex << pair << ' ' << int{third};
      for (const unsigned char fourth : kBounds) {
        text[3] = static_cast<char>(fourth);
        ASSERT_TRUE(agrees(4)) << std::hex << pair << ' ' << int{third} << ' ' << int{fourth};
      }
    }
  }
}

struct Case {
  const char* name;
  std::string text;
  bool well_formed;
};

void PrintTo(const Case& value, std::ostream* out) {
  *out << value.name;
}

class Utf8Table : public testing::TestWithParam<Case> {};

// In the middle of ASCII too, at every distance from the eight bytes that are looked at together.
TEST_P(Utf8Table, IsJudgedTheSameAnywhere) {
  const auto& [name, text, well_formed] = GetParam();
  EXPECT_EQ(decoded_code_points(text).has_value(), well_formed);
  for (std::size_t before = 0; before <= 17; ++before) {
    for (const std::size_t after : {0u, 1u, 7u, 8u, 9u}) {
      const std::string padded = std::string(before, 'a') + text + std::string(after, 'z');
      EXPECT_EQ(scan_utf8(padded).well_formed, well_formed) << before << ' ' << after;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Utf8Table,
    testing::Values(
        Case{"two bytes, least", "\xC2\x80", true}, Case{"two bytes, greatest", "\xDF\xBF", true},
        Case{"three bytes, least", "\xE0\xA0\x80", true}, Case{"below surrogates", "\xED\x9F\xBF", true},
        Case{"above surrogates", "\xEE\x80\x80", true}, Case{"three bytes, greatest", "\xEF\xBF\xBF", true},
        Case{"four bytes, least", "\xF0\x90\x80\x80", true}, Case{"greatest", "\xF4\x8F\xBF\xBF", true},
        Case{"overlong slash", "\xC0\xAF", false}, Case{"overlong NUL", "\xC0\x80", false},
        Case{"overlong, two bytes, greatest", "\xC1\xBF", false},
        Case{"overlong, three bytes", "\xE0\x80\xAF", false},
        Case{"overlong, three bytes, greatest", "\xE0\x9F\xBF", false},
        Case{"overlong, four bytes", "\xF0\x80\x80\xAF", false},
        Case{"overlong, four bytes, greatest", "\xF0\x8F\xBF\xBF", false},
        Case{"first surrogate", "\xED\xA0\x80", false}, Case{"last surrogate", "\xED\xBF\xBF", false},
        Case{"a pair of surrogates", "\xED\xA0\xBD\xED\xB8\x80", false},
        Case{"above U+10FFFF", "\xF4\x90\x80\x80", false}, Case{"lead F5", "\xF5\x80\x80\x80", false},
        Case{"lead F8, five bytes", "\xF8\x88\x80\x80\x80", false}, Case{"lead FF", "\xFF", false},
        Case{"a lone trail byte", "\x80", false}, Case{"one trail byte too many", "\xC2\x80\x80", false},
        Case{"a lead after a lead", "\xC2\xC2\x80", false}, Case{"truncated, one of two", "\xC2", false},
        Case{"truncated, one of three", "\xE2", false}, Case{"truncated, two of three", "\xE2\x82", false},
        Case{"truncated, one of four", "\xF0", false}, Case{"truncated, two of four", "\xF0\x9F", false},
        Case{"truncated, three of four", "\xF0\x9F\x98", false}));

TEST(Utf8, CountsCodePointsNotBytesUnitsOrGraphemes) {
  EXPECT_EQ(code_points(""), 0u);
  EXPECT_EQ(code_points("naïve"), 5u);
  EXPECT_EQ(code_points("e\u0301"), 2u);      // one grapheme
  EXPECT_EQ(code_points("\U0001F600"), 1u);   // two UTF-16 units
  EXPECT_EQ(code_points("a long ASCII text of 35 characters."), 35u);
  EXPECT_EQ(code_points("\uFEFFx"), 2u);   // a byte order mark is a character
}

TEST(Utf8, FindsNulAnywhere) {
  for (std::size_t size = 0; size < 20; ++size) {
    EXPECT_FALSE(scan_utf8(std::string(size, 'x')).contains_nul);
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'x');
      text[at] = '\0';
      EXPECT_TRUE(scan_utf8(text).contains_nul) << at << " of " << size;
      EXPECT_TRUE(scan_utf8("é" + text).contains_nul) << at << " of " << size;
    }
  }
}

// Well-formed pieces, their truncations, and stray bytes, in any order.
std::string some_bytes() {
  const auto piece =
      rc::gen::oneOf(rc::gen::map(rc::gen::inRange<std::uint32_t>(0, 0x110000), encode),
                     rc::gen::map(rc::gen::inRange<std::uint32_t>(0x800, 0x110000),
                                  [](std::uint32_t code_point) { return encode(code_point).substr(0, 2); }),
                     rc::gen::map(rc::gen::arbitrary<char>(), [](char c) { return std::string(1, c); }),
                     rc::gen::element("ascii"s, "a longer run of ASCII"s, "\0"s, "é"s, "\U0001F600"s));
  std::string text;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) text += part;
  return text;
}

RC_GTEST_PROP(Utf8, AgreesWithTheDecoderOnAnyBytes, ()) {
  for (int round = 0; round < 20; ++round) {
    const std::string text = some_bytes();
    RC_ASSERT(code_points(text) == decoded_code_points(text));
    if (!decoded_code_points(text)) continue;
    RC_ASSERT(scan_utf8(text).contains_nul == (text.find('\0') != std::string::npos));
  }
}

RC_GTEST_PROP(Utf8, EveryPrefixOfWellFormedTextIsJudgedAsTheDecoderDoes, ()) {
  std::string text;
  for (const auto code_point :
       *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange(0u, 0xD800u))) {
    text += encode(code_point);
  }
  for (std::size_t size = 0; size <= text.size(); ++size) {
    const std::string_view prefix(text.data(), size);
    RC_ASSERT(code_points(prefix) == decoded_code_points(prefix));
  }
}

}   // namespace
}   // namespace usertags::model
