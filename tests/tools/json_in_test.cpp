#include "input/json_in.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include <boost/json/serialize.hpp>

namespace usertags::command {
namespace {

constexpr Shape kText{.text = true};
constexpr Shape kWhole{.whole = true};
constexpr Shape kFlag{.flag = true};
constexpr Shape kTexts{.element = &kText};
constexpr Shape kMap{.any_member = &kText};
constexpr std::array kMembers = {Member{"name", &kText, true}, Member{"size", &kWhole},
                                 Member{"open", &kFlag}, Member{"list", &kTexts}, Member{"map", &kMap}};
constexpr Shape kThing{.members = kMembers};
constexpr Shape kThings{.element = &kThing};

// What was read, written again; or the error's message.
std::string read(std::string_view text, const Shape& shape = kThing) {
  const auto value = parse_json(text, shape);
  if (value) return boost::json::serialize(*value);
  EXPECT_EQ(value.error(), ErrorCode::invalid_argument);
  EXPECT_TRUE(value.error().position().has_value());
  return value.error().message();
}

TEST(JsonIn, TakesWhatHasTheShape) {
  EXPECT_EQ(read(R"( {"name" : "n", "size":18446744073709551615, "open":true, "list":["a","b"]} )"),
            R"({"name":"n","size":18446744073709551615,"open":true,"list":["a","b"]})");
  EXPECT_EQ(read(R"({"map":{"b":"1","a":"2"},"name":"äöü\u00e9\n\ud83d\ude00"})"),
            R"({"map":{"b":"1","a":"2"},"name":"äöüé\n😀"})");
  EXPECT_EQ(read(R"({"n\u0061me":"escaped key"})"), R"({"name":"escaped key"})");
}

struct Refused {
  const char* name;
  std::string_view text;
  std::string_view message;
};

class JsonInRefuses : public testing::TestWithParam<Refused> {};

TEST_P(JsonInRefuses, AndSaysWhatAndWhere) {
  EXPECT_EQ(read(GetParam().text), GetParam().message);
}

const Refused kRefused[] = {
    {"Unknown", R"({"name":"n","colour":"red"})", "there is no member colour (at byte 19)"},
    {"Repeated", R"({"name":"n","name":"m"})", "the member name is repeated (at byte 17)"},
    {"RepeatedBehindAnEscape", R"({"name":"n","n\u0061me":"m"})", "the member name is repeated (at byte 22)"},
    {"RepeatedInMap", R"({"name":"n","map":{"a":"1","a":"2"}})", "the member map.a is repeated (at byte 29)"},
    {"Missing", R"({"size":1})", "the member name is missing (at byte 9)"},
    {"AnotherKind", R"({"name":5})", "name is a whole number, not a string (at byte 9)"},
    {"Null", R"({"name":null})", "name is null, not a string (at byte 8)"},
    {"Negative", R"({"name":"n","size":-1})",
     "size is a number that is negative, fractional or too large, not a whole number (at byte 21)"},
    {"Fraction", R"({"name":"n","size":1.0})",
     "size is a number that is negative, fractional or too large, not a whole number (at byte 22)"},
    {"InArray", R"({"name":"n","list":["a",{}]})", "list[1] is an object, not a string (at byte 24)"},
    {"NotAnObject", R"(["n"])", "the value is an array, not an object (at byte 0)"},
    {"NotJson", R"({"name":n})", "this is not JSON: syntax error (at byte 9)"},
    {"LoneSurrogate", R"({"name":"\ud800"})", "this is not JSON: syntax error (at byte 15)"},
    {"CutShort", R"({"name":"n")", "this is not JSON: incomplete JSON (at byte 11)"},
    {"Nothing", "", "this is not JSON: incomplete JSON (at byte 0)"},
    {"MoreBehind", R"({"name":"n"} {)", "there is more after the JSON value (at byte 13)"},
};
INSTANTIATE_TEST_SUITE_P(Documents, JsonInRefuses, testing::ValuesIn(kRefused),
                         [](const auto& test) { return test.param.name; });

TEST(JsonIn, NamesTheElementThatLacksAMember) {
  EXPECT_EQ(read(R"([{"name":"a"},{"size":2}])", kThings), "the member [1].name is missing (at byte 23)");
}

TEST(JsonIn, LetsBytesThroughThatAreNoUtf8) {
  const auto value = parse_json("{\"name\":\"a\xFF\xED\xA0\x80z\"}", kThing);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->at("name").as_string(), "a\xFF\xED\xA0\x80z");
}

TEST(JsonIn, LetsNulThrough) {
  const auto value = parse_json(R"({"name":"a\u0000b"})", kThing);
  ASSERT_TRUE(value.has_value());
  EXPECT_EQ(value->at("name").as_string(), std::string_view("a\0b", 3));
}

TEST(JsonIn, FindsARepetitionAmongVeryManyMembers) {
  std::string text = R"({"name":"n","map":{)";
  for (int i = 0; i < 200'000; ++i) text += '"' + std::to_string(i) + "\":\"\",";
  const auto value = parse_json(text + R"("77":""}})", kThing);
  ASSERT_FALSE(value.has_value());
  EXPECT_NE(value.error().message().find("the member map.77 is repeated"), std::string::npos);
}

TEST(JsonIn, IsNotDrownedByDepth) {
  EXPECT_EQ(read(std::string(100'000, '['), kThings), "[0] is an array, not an object (at byte 1)");
}

}   // namespace
}   // namespace usertags::command
