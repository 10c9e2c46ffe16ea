// The public class: built selectors, their equality and their bounds.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <set>
#include <string>
#include <type_traits>
#include <usertags/selector.hpp>
#include <vector>

#include "selector/node.hpp"
#include "support/selector_oracle.hpp"

namespace usertags {
namespace {

using namespace std::string_literals;

static_assert(std::is_nothrow_copy_constructible_v<Selector> &&
              std::is_nothrow_default_constructible_v<Selector>);
static_assert(!std::is_convertible_v<std::string, Selector>, "texts are parsed in plain sight");

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

Selector parsed(std::string_view text) {
  const auto selector = Selector::parse(text);
  EXPECT_TRUE(selector) << text << ": " << selector.error().message();
  return selector.value_or(!Selector());
}

// Values as people would make them to say something else.
RC_GTEST_PROP(Quote, MakesOneValueOfAnything, ()) {
  const auto piece =
      rc::gen::element<std::string>("\"", "\\", ",", "!", "=", "(", ")", "*", "?", "~", "in", " ", "\n", "'",
                                    "#", "\x7F", "\xC2\x85", "\xE6\x9D\xB1", "gold", "churned", "");
  std::string value;
  for (const std::string& part : *rc::gen::container<std::vector<std::string>>(piece)) value += part;
  RC_ASSERT(parsed("tier=" + quote(value)) == (key("tier") == value));
  RC_ASSERT(parsed("tier!=" + quote(value) + ",seats") == (key("tier") != value && key("seats").exists()));
  RC_ASSERT(parsed("tier in (" + quote(value) + "," + quote("gold") + ")") ==
            key("tier").in({value, "gold"}));
}

TEST(Quote, OfWhatNoTagCanHaveIsRefused) {
  EXPECT_EQ(quote("say \"no\"\\"), R"("say \"no\"\\")");
  EXPECT_EQ(quote(""), R"("")");
  EXPECT_FALSE(Selector::parse("tier=" + quote("\xFF")));
  EXPECT_FALSE(Selector::parse("tier=" + quote("a\0b"s)));
}

TEST(Selector, ByDefaultIsEveryUser) {
  EXPECT_EQ(Selector().text(), "");
  EXPECT_EQ(Selector(), parsed(" \t\r\n"));
  EXPECT_FALSE(Selector().error());
}

TEST(Selector, IsBuiltInTheWordsOfTheLanguage) {
  EXPECT_EQ(key("tier").in({"gold", "silver"}) && !key("churned").exists(),
            parsed("tier in (gold, silver), !churned"));
  EXPECT_EQ(key("a") == "x", parsed("a=x"));
  EXPECT_EQ(key("a") != "x", parsed("a!=x"));
  EXPECT_EQ(key("a").not_in({"x", ""}), parsed("a notin (x,)"));
  EXPECT_EQ(key("a").matches("go*l?"), parsed("a~go*l?"));
  EXPECT_EQ(key("a").matches(R"(\*\?\"\\ ")"), parsed(R"(a~"\*\?\"\\ \"")"));
  EXPECT_EQ(key("a").does_not_match(""), parsed("a!~\"\""));
  EXPECT_EQ(key("a").greater_than(-5), parsed("a>-5"));
  EXPECT_EQ(key("a").less_than(5), parsed("a < +5"));
  EXPECT_EQ(key("a").exists() || key("b").exists() || key("c").exists(), parsed("any(a,b,c)"));
  EXPECT_EQ(!(key("a").exists() && key("b").exists()), parsed("not(a,b)"));
  EXPECT_EQ(key("not a word") == "a\nb", parsed("\"not a word\"=\"a\nb\""));
}

TEST(Selector, TakesValuesFromAnyRange) {
  const Selector expected = parsed("a in (x,y)");
  EXPECT_EQ(key("a").in(std::vector<std::string>{"y", "x", "x"}), expected);
  EXPECT_EQ(key("a").in(std::set<std::string_view>{"x", "y"}), expected);
  EXPECT_EQ(key("a").in(std::array{"x", "y"}), expected);
  EXPECT_EQ(key("a").not_in(std::vector<std::string>{"x", "y"}), !expected);
}

TEST(Selector, OwnsItsTexts) {
  std::string text = "a text that is longer than any small string";
  const Selector selector = key(text) == text;
  const std::string before = selector.text();
  text.assign(text.size(), '?');
  EXPECT_EQ(selector.text(), before);
}

TEST(Selector, IsNotEmptiedByMoving) {
  Selector moved_from = key("a").exists();
  const Selector moved_to = std::move(moved_from);
  EXPECT_EQ(moved_from, moved_to);   // NOLINT(bugprone-use-after-move): the point
}

TEST(Selector, OfNobodyIsTheNegationOfEveryUser) {
  const Selector nobody = !Selector();
  EXPECT_FALSE(nobody.error());
  EXPECT_FALSE(test::selects(nobody, {}));
  EXPECT_FALSE(test::selects(nobody, {{"a", ""}}));
  EXPECT_EQ(!nobody, Selector());
  EXPECT_EQ(parsed(nobody.text()), nobody);
}

// --- What is refused. ---

void expect_refused(const Selector& selector, std::string_view why) {
  const auto error = selector.error();
  ASSERT_TRUE(error) << selector.text();
  EXPECT_EQ(*error, ErrorCode::invalid_selector);
  EXPECT_NE(error->message().find(why), std::string::npos) << error->message();
  EXPECT_FALSE(selector::SelectorAccess::node(selector));
  EXPECT_FALSE(Selector::parse(selector.text())) << selector.text();
}

TEST(Selector, RefusesKeysThatNoTagCanHave) {
  expect_refused(key("").exists(), "is empty");
  expect_refused(key("a/b") == "x", "contains \"/\" at byte 1");
  expect_refused(key("a:b").matches("*"), "\"a:b\"");
  expect_refused(key(repeated("é", 51)).greater_than(1), "has 51 characters, more than 50");
  EXPECT_FALSE((key(repeated("é", 50)).less_than(1)).error());
  expect_refused(key("a\xC3").exists(), "well-formed UTF-8");
  expect_refused(key("a\0"s).exists(), "contains NUL");
}

TEST(Selector, RefusesOperandsThatHaveNoText) {
  expect_refused(key("a").in({}), "no value");
  expect_refused(key("a").not_in(std::vector<std::string>()), "no value");
  expect_refused(key("a").in({"x", "\xFF"}), "the value \"\\xff\" is not well-formed UTF-8");
  expect_refused(key("a") == "\0"s, "the value \"\\x00\" contains NUL");
  expect_refused(key("a").matches("\xFF*"), "the pattern");
  expect_refused(key("a").matches("x\\"), "backslash");
  expect_refused(key("a").matches("\\d"), "backslash");
}

TEST(Selector, TakesValuesThatNoTagCanHave) {
  EXPECT_FALSE((key("a") == "x/y:z#" + repeated("é", 300)).error());
}

TEST(Selector, MadeOfARefusedOneIsRefusedForTheSameReason) {
  const Selector refused = key("a/b").exists();
  const Selector fine = key("a").exists();
  for (const Selector& made : {refused && fine, fine && refused, refused || fine, fine || refused, !refused,
                               !(Selector() || (fine && refused))}) {
    expect_refused(made, "\"a/b\"");
  }
}

TEST(Selector, HasAtMost1024Terms) {
  Selector selector;
  for (int i = 0; i < 1024; ++i) selector = selector && key("k" + std::to_string(i)).exists();
  EXPECT_FALSE(selector.error());
  EXPECT_FALSE((selector && key("k7").exists()).error()) << "a repeat is none";
  expect_refused(selector && key("k").exists(), "1,024 terms");
}

TEST(Selector, IsNestedAtMost32Deep) {
  const auto alternating = [](int groups) {
    Selector selector = key("a").exists();
    for (int i = 0; i < groups; ++i) {
      const Selector other = key("k" + std::to_string(i)).exists();
      selector = i % 2 == 0 ? selector || other : selector && other;
    }
    return selector;
  };
  EXPECT_FALSE(alternating(32).error());
  expect_refused(alternating(34), "32 deep");
  expect_refused(alternating(100000), "32 deep");
}

TEST(Selector, HasAtMost64KibOfText) {
  const std::size_t bytes = 64 * 1024 - "a="s.size();
  EXPECT_FALSE((key("a") == std::string(bytes, 'x')).error());
  expect_refused(key("a") == std::string(bytes + 1, 'x'), "65,536 bytes");
}

// --- Laws. ---

RC_GTEST_PROP(SelectorLaws, BuildingKeepsItsMeaning, ()) {
  const Selector one = *test::any_selector();
  const Selector other = *test::any_selector();
  const test::TagMap tags = *test::any_tag_map();
  const bool by_one = test::selects(one, tags);
  const bool by_other = test::selects(other, tags);
  RC_ASSERT(test::selects(one && other, tags) == (by_one && by_other));
  RC_ASSERT(test::selects(one || other, tags) == (by_one || by_other));
  RC_ASSERT(test::selects(!one, tags) == !by_one);
}

RC_GTEST_PROP(SelectorLaws, CanonicalFormDoesNotDependOnHowItWasBuilt, ()) {
  const Selector a = *test::any_selector();
  const Selector b = *test::any_selector();
  const Selector c = *test::any_selector();
  RC_ASSERT((a && b) == (b && a));
  RC_ASSERT((a || b) == (b || a));
  RC_ASSERT(((a && b) && c) == (a && (b && c)));
  RC_ASSERT(((a || b) || c) == (a || (b || c)));
  RC_ASSERT((a && a) == a);
  RC_ASSERT((a || a) == a);
  RC_ASSERT(!!a == a);
  RC_ASSERT((a && Selector()) == a);
  RC_ASSERT((Selector() || a) == Selector());
}

RC_GTEST_PROP(SelectorLaws, TextsAreEqualWhereSelectorsAre, ()) {
  const Selector selector = *test::any_selector();
  const auto again = Selector::parse(selector.text());
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == selector);
  RC_ASSERT(again->text() == selector.text());
}

}   // namespace
}   // namespace usertags
