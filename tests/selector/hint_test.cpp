// What somebody who writes another language is told.
#include <gtest/gtest.h>

#include <string>
#include <usertags/selector.hpp>
#include <utility>
#include <vector>

#include "selector/parser.hpp"

namespace usertags::selector {
namespace {

using namespace std::string_literals;

// What the message says after what was found and expected.
std::string hint_for(std::string_view text) {
  const auto selector = parse_selector(text);
  if (selector) return "the selector is fine";
  return selector.error().details().remedy;
}

void expect_hints(const std::vector<std::pair<std::string, std::string>>& hints) {
  for (const auto& [text, hint] : hints) EXPECT_EQ(hint_for(text), hint) << text;
}

TEST(SelectorHint, ForComparisonsOfOtherLanguages) {
  expect_hints({
      {"age>=18", "for integers age>=18 is written age>17"},
      {"age <= -1", "for integers age<=-1 is written age<0"},
      {"age>=", "for integers age>=5 is written age>4"},
      {"age>=-9223372036854775808", "for integers age>=5 is written age>4"},
      {"age=>18", "integers are compared with age>1 and age<5, and a value with < or > is written in quotes"},
      {"age<>18", "not equal is written age!=…"},
      {"age>18<65", "each test has a key of its own: age>1,age<5"},
      {"age>1.5", "only integers of 64 bits can be compared by size"},
      {"age>+", "integers have 64 bits"},
      {"age>99999999999999999999", "integers have 64 bits"},
      {"age>\"18\"", "numbers stand without quotes"},
      {"tier===gold", "equality is written = or =="},
      {"tier!==gold", "inequality is written !="},
      {"tier=!gold", "not equal is written tier!=…"},
      {"tier! =gold", "it is written !=, !~ or notin, without a space in it"},
      {"tier=a=b", "a value with one of , ( ) = ! < > ~ is written in quotes"},
      {"=gold", "the key comes before its test"},
  });
}

TEST(SelectorHint, ForPatterns) {
  expect_hints({
      {"tier=go*", "a pattern is written tier~go*, and a value with * or ? in quotes"},
      {"tier!=g?ld*", "a pattern is written tier!~g?ld*, and a value with * or ? in quotes"},
      {"tier = *ld", "a pattern is written tier~*ld, and a value with * or ? in quotes"},
      {"tier=~go.*", "a pattern is written tier~go.*"},
      {"tier!=~go.*", "a pattern is written tier!~go.*"},
      {"tier~=go*", "a pattern is written tier~go*"},
      {"ti*", "keys have no wildcards; key~pattern compares a value"},
      {"*=gold", "keys have no wildcards; key~pattern compares a value"},
      {"tier in (go*,si*)", "a list has no patterns; they are written any(tier~a*,tier~b*)"},
      {"tier~(gold|silver)", "a pattern is no regular expression: * is any run of characters, ? is one"},
      {"tier~go(ld)?", "a pattern is no regular expression: * is any run of characters, ? is one"},
      {"tier~/go/", "a pattern is no regular expression: * is any run of characters, ? is one"},
      {"tier~", "the empty value is written tier=\"\""},
      {"tier~go\\d", "a backslash stands before one of * ? \\ \" only"},
      {"tier like go*", "it is written tier~go*"},
  });
}

TEST(SelectorHint, ForSpaces) {
  expect_hints({
      {"tier=gold rank=2", "terms are joined with a comma"},
      {"tier=gold rank in (2)", "terms are joined with a comma"},
      {"tier=gold \"a rank\"=2", "terms are joined with a comma"},
      {"team=human resources",
       "terms are joined with a comma, and a value with spaces is written team=\"human resources\""},
      {"team=the  human resources,a", "a value with spaces is written team=\"the  human resources\""},
      {"team!=a b,c", "a value with spaces is written team!=\"a b\""},
      {"team='human resources'", "texts stand in double quotes: \"human resources\""},
      {"team=a\tb,c", "a value with spaces is written team=\"two words\""},
      {"a b", "terms are joined with a comma"},
      {"tier=gold AND rank=2", "terms are joined with a comma"},
      {"tier=gold && rank=2", "terms are joined with a comma"},
      {"tier=gold or rank=2", "one of several terms is written any(…,…)"},
      {"tier=gold || rank=2", "one of several terms is written any(…,…)"},
      {"a in (b c)", "values are separated by commas, and a value with spaces is written in quotes"},
  });
}

TEST(SelectorHint, ForOtherSpellingsOfLists) {
  expect_hints({
      {"tier=(gold,silver)", "a list of values is written tier in (…)"},
      {"tier!=(gold,silver)", "a list of values is written tier notin (…)"},
      {"tier (gold)", "a list of values is written tier in (…)"},
      {"tier in gold", "a list is written tier in (gold,silver)"},
      {"tier in [gold]", "a list is written tier in (gold,silver)"},
      {"tier not in (gold)", "it is written tier notin (…)"},
      {"tier NOTIN (gold)", "it is written tier notin (…), in small letters"},
      {"tier IN (gold)", "it is written tier in (…), in small letters"},
      {"tier !in (gold)", "it is written !=, !~ or notin, without a space in it"},
      {"tier in", "in and notin are keys only where no key stands before them"},
      {"tier is gold", "it is written tier=gold"},
      {"tier exists", "the key alone asks whether it exists: tier"},
      {"tier in (a(b))", "a value with one of , ( ) = ! < > ~ is written in quotes"},
  });
}

TEST(SelectorHint, ForSql) {
  expect_hints({
      {"tier is null", "an absent key is written !tier"},
      {"tier IS NOT NULL", "the key alone asks whether it is there: tier"},
      {"tier not null", "the key alone asks whether it is there: tier"},
      {"tier is not gold", "it is written tier!=gold"},
      {"tier like gold%", "it is written tier~gold*"},
      {"tier not like 'gold%'", "it is written tier!~gold*"},
      {"tier = 'gold'", "texts stand in double quotes: \"gold\""},
      {"tier!='gold'", "texts stand in double quotes: \"gold\""},
      {"tier in ('gold','silver')", "texts stand in double quotes: \"gold\""},
      {"tier in (gold,'silver')", "texts stand in double quotes: \"silver\""},
      {"tier ~ 'go*'", "texts stand in double quotes: \"go*\""},
      {"'tier'=gold", "texts stand in double quotes: \"tier\""},
      {"not tier", "an absent key is written !tier, and terms are negated with not(…)"},
      {"tier contains go", "part of a value is compared with tier~*…*"},
  });
  EXPECT_EQ(Selector::parse("name=O'Brien")->text(), "name=O'Brien");
  EXPECT_EQ((key("name") == "'n").text(), "name=\"'n\"");
}

TEST(SelectorHint, ForGroups) {
  expect_hints({
      {"(a,b)", "terms are put together with all(…), any(…) or not(…)"},
      {"!(a)", "a group is negated with not(…)"},
      {"!any(a)", "a group is negated with not(any(…))"},
      {"ANY(a)", "a group is written any(…), in small letters without quotes"},
      {"\"any\"(a)", "a list of values is written \"any\" in (…)"},
      {"!!a", "two negations are none"},
      {"!a=b", "not equal is written a!=…"},
      {"!a~b", "it is written a!~…"},
      {"!a in (b)", "it is written a notin (…)"},
      {"!a>5", "a comparison is negated with not(a>…)"},
      {"!a b", "terms are joined with a comma"},
      {"any()", "a group has one term at least"},
      {"any(a", "the \"(\" at byte 3 is not closed"},
      {"any(a,", "the \"(\" at byte 3 is not closed"},
      {"any(a,not(b)", "the \"(\" at byte 3 is not closed"},
      {"any(a in (b", "the \"(\" at byte 9 is not closed"},
      {"a)", "no \"(\" stands before it"},
      {"a,", "a comma stands between two terms"},
      {"a,,b", "a comma stands between two terms"},
  });
}

TEST(SelectorHint, ForCharactersThatNoTagHas) {
  const std::string reserved = "no key and no value of a tag contains \"#\", \"/\" or \":\"";
  expect_hints({
      {"app.kubernetes.io/name=web", reserved},
      {"tier:gold", reserved + ", and a value is compared with \"=\": tier=gold"},
      {"when=10:30", reserved},
      {"path=/usr", reserved},
      {"path in (/usr)", reserved},
      {"#1", reserved},
      {"path~a/*",
       reserved + ", and a pattern is no regular expression: * is any run of characters, ? is one"},
      {"a=b\\c", "a backslash stands in quotes and in patterns only"},
      {"a=b\"c\"", "quotes stand around a whole text"},
  });
}

// Hints repeat what was written only where it is short and fits on the line.
TEST(SelectorHint, EchoesNothingThatDisturbs) {
  EXPECT_EQ(hint_for("a=" + std::string(100, 'x') + "*"),
            "a pattern is written a~go*, and a value with * or ? in quotes");
  EXPECT_EQ(hint_for("\"\x1B[31m\">=5"), "for integers key>=5 is written key>4");
  EXPECT_EQ(hint_for("\"a\nb\" is c"), "it is written key=c");
}

}   // namespace
}   // namespace usertags::selector
