#include "model/foreign_tags.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/change.hpp"
#include "support/generators.hpp"
#include "support/property.hpp"

namespace usertags::model {
namespace {

using namespace std::string_literals;

using Tags = std::vector<ForeignTag>;

TEST(ForeignTags, AnySpellingOfAnObjectOfStringsIsRead) {
  EXPECT_EQ(parse_foreign_tags("{}"), Tags());
  EXPECT_EQ(parse_foreign_tags(" { \t\r\n } "), Tags());
  EXPECT_EQ(parse_foreign_tags(R"( { "b" : "2" , "a" : "1" } )"), (Tags{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(parse_foreign_tags(R"({"":""})"), (Tags{{"", ""}}));
  EXPECT_EQ(parse_foreign_tags(R"({"\"\\\/\b\f\n\r\t":"\u0041\u00e9\u65E5\ud834\udd1e"})"),
            (Tags{{"\"\\/\b\f\n\r\t", "A\xC3\xA9\xE6\x97\xA5\xF0\x9D\x84\x9E"}}));
}

TEST(ForeignTags, AKeyThatComesTwiceStaysTwice) {
  EXPECT_EQ(parse_foreign_tags(R"({"b":"1","a":"2","b":"0"})"), (Tags{{"a", "2"}, {"b", "0"}, {"b", "1"}}));
  EXPECT_EQ(parse_foreign_tags(R"({"a":"1","\u0061":"1"})"), (Tags{{"a", "1"}, {"a", "1"}}));
}

TEST(ForeignTags, WhatNoTextMayHaveIsLeftToTheCaller) {
  EXPECT_EQ(parse_foreign_tags(R"({"a":"x\u0000y"})"), (Tags{{"a", "x\0y"s}}));
  EXPECT_EQ(parse_foreign_tags(R"({"a":"\ud834"})"), (Tags{{"a", "\xED\xA0\xB4"}}));
  EXPECT_EQ(parse_foreign_tags(R"({"a":"\ud834\u0041\udd1e"})"),
            (Tags{{"a", "\xED\xA0\xB4"s + "A\xED\xB4\x9E"}}));
}

TEST(ForeignTags, WhatIsNoObjectOfStringsIsNone) {
  for (const char* json : {"",
                           " ",
                           "{",
                           "}",
                           "{}x",
                           "{} {}",
                           "null",
                           "[]",
                           R"("a")",
                           R"({"a"})",
                           R"({"a":})",
                           R"({"a":1})",
                           R"({"a":null})",
                           R"({"a":"1",})",
                           R"({,"a":"1"})",
                           R"({"a":"1" "b":"2"})",
                           R"({"a":{"b":"c"}})",
                           R"({"a":["b"]})",
                           R"({a:"1"})",
                           R"({'a':'1'})",
                           R"({"a":"1)",
                           R"({"a":"\x"})",
                           R"({"a":"\u12"})",
                           R"({"a":"\u12g4"})",
                           R"({"a":"\ud834\u12"})",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\x01\"}",
                           R"({"a":"\)",
                           "{\"a\":\"b\"\v}"}) {
    EXPECT_EQ(parse_foreign_tags(json), std::nullopt) << json;
  }
}

TEST(ForeignTags, WhatTheStoreWritesIsReadAlike) {
  test::check_property(200, [] {
    const auto tags =
        *rc::gen::container<std::map<std::string, std::string>>(test::any_key(), test::any_value());
    std::vector<Tag> views;
    Tags expected;
    for (const auto& [key, value] : tags) {
      RC_PRE(key.find('\0') == std::string::npos && value.find('\0') == std::string::npos);
      views.push_back({key, value});
      expected.push_back({key, value});
    }
    std::string json;
    append_tags(views, json);
    RC_ASSERT(parse_foreign_tags(json) == expected);
  });
}

}   // namespace
}   // namespace usertags::model
