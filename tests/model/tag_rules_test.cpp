#include "model/tag_rules.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace usertags::model {
namespace {

using namespace std::string_literals;
using enum Violation::Reason;
using Reasons = std::vector<Violation::Reason>;

Reasons reasons(const BrokenRules& broken) {
  Reasons reasons;
  for (const BrokenRule& rule : broken) reasons.push_back(rule.reason);
  return reasons;
}

std::string repeated(std::string_view character, std::size_t times) {
  std::string text;
  while (times-- > 0) text += character;
  return text;
}

struct Case {
  std::string text;
  Reasons of_key;
  Reasons of_key_to_erase;
  Reasons of_value;
};

const std::vector<Case> kCases = {
    {"department", {}, {}, {}},
    {"a b\n\t\x7f\"\\,;=!", {}, {}, {}},
    {"übergrößenträger", {}, {}, {}},
    {" ", {}, {}, {}},
    {"", {empty_key}, {empty_key}, {}},
    {"#", {forbidden_character}, {}, {forbidden_character}},
    {"a/b", {forbidden_character}, {}, {forbidden_character}},
    {"12:30", {forbidden_character}, {}, {forbidden_character}},
    {"//##::", {forbidden_character}, {}, {forbidden_character}},
    {"é#", {forbidden_character}, {}, {forbidden_character}},
    {"\uFF03\uFF0F\uFF1A", {}, {}, {}},   // the fullwidth look-alikes are other characters
    {"a\0b"s, {contains_nul}, {contains_nul}, {contains_nul}},
    {"a\0#"s, {forbidden_character, contains_nul}, {contains_nul}, {forbidden_character, contains_nul}},
    {"\xC3", {malformed_utf8}, {malformed_utf8}, {malformed_utf8}},
    {"\xFF#\0"s, {malformed_utf8}, {malformed_utf8}, {malformed_utf8}},
    {repeated("\xC0\xAF", 300), {malformed_utf8}, {malformed_utf8}, {malformed_utf8}},
    {repeated("k", 50), {}, {}, {}},
    {repeated("k", 51), {key_too_long}, {}, {}},
    {repeated("\U0001F600", 50), {}, {}, {}},
    {repeated("\U0001F600", 51), {key_too_long}, {}, {}},
    {repeated("v", 200), {key_too_long}, {}, {}},
    {repeated("v", 201), {key_too_long}, {}, {value_too_long}},
    {repeated("\U0001F600", 200), {key_too_long}, {}, {}},
    {repeated("\U0001F600", 201), {key_too_long}, {}, {value_too_long}},
    {repeated("/", 201) + "\0"s,
     {key_too_long, forbidden_character, contains_nul},
     {contains_nul},
     {value_too_long, forbidden_character, contains_nul}},
};

TEST(TagRules, NameEveryRuleThatATextBreaks) {
  for (const Case& test : kCases) {
    SCOPED_TRACE(testing::PrintToString(test.text));
    EXPECT_EQ(reasons(check_key(test.text)), test.of_key);
    EXPECT_EQ(reasons(check_key_to_erase(test.text)), test.of_key_to_erase);
    EXPECT_EQ(reasons(check_value(test.text)), test.of_value);
  }
}

TEST(TagRules, NameTheSizeThePlaceAndTheCharacter) {
  const auto told = [](const BrokenRules& broken) {
    Violation violation;
    tell(*broken.begin(), violation);
    return violation;
  };
  const Violation long_key = told(check_key(repeated("é", 61)));
  EXPECT_EQ(long_key.limit, 50u);
  EXPECT_EQ(long_key.found, 61u);
  const Violation long_value = told(check_value(repeated("é", 201)));
  EXPECT_EQ(long_value.limit, 200u);
  EXPECT_EQ(long_value.found, 201u);
  const Violation forbidden = told(check_key("é:/"));
  EXPECT_EQ(forbidden.position, 2u);
  EXPECT_EQ(forbidden.character, ':');
  EXPECT_EQ(told(check_value("abc\xE9")).position, 3u);
  EXPECT_EQ(told(check_key_to_erase("ab\0"s)).position, 2u);
  EXPECT_EQ(told(check_key("")).position, std::nullopt);
}

TEST(TagRules, ForbidThreeCharactersAtAnyPositionAndNoOther) {
  for (std::size_t at = 0; at < 40; ++at) {
    for (int c = 1; c < 0x80; ++c) {
      std::string text(40, 'x');
      text[at] = static_cast<char>(c);
      const bool forbidden = c == '#' || c == '/' || c == ':';
      ASSERT_EQ(check_key(text).empty(), !forbidden) << c << " at " << at;
    }
  }
}

TEST(TagRules, TakeExternalIdsOf1To255Characters) {
  for (const std::string& good :
       {"x"s, "user_ext_123"s, "https://example.org/#me"s, repeated("x", 255), repeated("\U0001F600", 255),
        "user_"s, "user_01h455vb4pex5vsknk084sn02"s, "USER_01h455vb4pex5vsknk084sn02q"s,
        "user_8zzzzzzzzzzzzzzzzzzzzzzzzz"s, "admin_01h455vb4pex5vsknk084sn02q"s}) {
    EXPECT_EQ(check_external_id(good), std::nullopt) << good;
  }
}

TEST(TagRules, SayWhatIsWrongWithAnExternalId) {
  EXPECT_EQ(check_external_id(""), "is empty");
  EXPECT_EQ(check_external_id(repeated("é", 256)), "has 256 characters, more than 255");
  EXPECT_EQ(check_external_id("\xC0\xAF"), "is not well-formed UTF-8 at byte 0");
  EXPECT_EQ(check_external_id("a\0b"s), "contains NUL at byte 1");
  EXPECT_EQ(check_external_id("user_01h455vb4pex5vsknk084sn02q"),
            "has the form of an id, and would be taken for one");
}

TEST(TagRules, TakeNotesOfUpTo200Characters) {
  EXPECT_EQ(check_note(""), std::nullopt);
  EXPECT_EQ(check_note("by /admin: #1"), std::nullopt);
  EXPECT_EQ(check_note(repeated("é", 200)), std::nullopt);
  EXPECT_EQ(check_note(repeated("é", 201)), "has 201 characters, more than 200");
  EXPECT_EQ(check_note("\xFF"), "is not well-formed UTF-8 at byte 0");
  EXPECT_EQ(check_note("\0"s), "contains NUL at byte 0");
}

}   // namespace
}   // namespace usertags::model
