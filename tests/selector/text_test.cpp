#include "selector/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "selector/parser.hpp"
#include "support/selector_oracle.hpp"

namespace usertags::selector {
namespace {

using namespace std::string_literals;

std::string text(const NodePtr& selector) {
  return write_selector(*selector).text;
}

Pattern pattern(std::string_view before, std::string_view after = "") {
  Pattern pattern;
  pattern.append_literal(before);
  pattern.append_any_run();
  pattern.append_literal(after);
  return pattern;
}

const NodePtr a = make_exists("a");
const NodePtr b = make_exists("b");

TEST(SelectorText, EachTestHasOneSpelling) {
  EXPECT_EQ(text(a), "a");
  EXPECT_EQ(text(make_negation(a)), "!a");
  EXPECT_EQ(text(make_in("a", {"x"})), "a=x");
  EXPECT_EQ(text(make_negation(make_in("a", {"x"}))), "a!=x");
  EXPECT_EQ(text(make_in("a", {"y", "x"})), "a in (x,y)");
  EXPECT_EQ(text(make_negation(make_in("a", {"y", "x"}))), "a notin (x,y)");
  EXPECT_EQ(text(make_matches("a", pattern("go"))), "a~go*");
  EXPECT_EQ(text(make_negation(make_matches("a", pattern("go")))), "a!~go*");
  EXPECT_EQ(text(make_greater("a", -1)), "a>-1");
  EXPECT_EQ(text(make_less("a", 10)), "a<10");
  EXPECT_EQ(text(make_negation(make_less("a", 10))), "not(a<10)");
}

TEST(SelectorText, GroupsHaveWordsButTheOutermost) {
  EXPECT_EQ(text(make_every_user()), "");
  EXPECT_EQ(text(make_all({a, b})), "a,b");
  EXPECT_EQ(text(make_any({a, b})), "any(a,b)");
  EXPECT_EQ(text(make_negation(make_all({a, b}))), "not(a,b)");
  EXPECT_EQ(text(make_negation(make_any({a, b}))), "not(any(a,b))");
  EXPECT_EQ(text(make_any({make_all({a, b}), make_negation(b)})), "any(!b,all(a,b))");
}

TEST(SelectorText, WhatIsNoWordStandsInQuotes) {
  for (const std::string_view plain : {"in", "notin", "any", "not", "x'", "a.b-c_d", "é日𝄞", "|", "[x]"}) {
    EXPECT_EQ(text(make_exists(std::string(plain))), plain);
  }
  EXPECT_EQ(text(make_exists("'x'")), "\"'x'\"");
  for (const char special : " \t\r\n,()=!<>~*?#/:\x01\x1F\x7F"s) {
    const auto value = "x"s + special;
    EXPECT_EQ(text(make_in("a", {value})), "a=\"" + value + "\"");
  }
  EXPECT_EQ(text(make_in("a", {""})), "a=\"\"");
  EXPECT_EQ(text(make_in("a", {"", "x"})), "a in (\"\",x)");
  EXPECT_EQ(text(make_in("a", {"\"\\"})), R"(a="\"\\")");
  EXPECT_EQ(text(make_in("a", {"\u0080"})), "a=\"\u0080\"");
  EXPECT_EQ(text(make_in("a", {"\u009F"})), "a=\"\u009F\"");
  EXPECT_EQ(text(make_in("a", {"\u00A0"})), "a=\u00A0");
}

TEST(SelectorText, PatternsStandInQuotesWhereTheirLiteralsNeedThem) {
  EXPECT_EQ(text(make_matches("a", {})), "a~\"\"");
  EXPECT_EQ(text(make_matches("a", pattern(""))), "a~*");
  EXPECT_EQ(text(make_matches("a", pattern("x", "é"))), "a~x*é");
  EXPECT_EQ(text(make_matches("a", pattern("x y"))), "a~\"x y*\"");
  EXPECT_EQ(text(make_matches("a", pattern("*?", "\"\\"))), R"(a~"\*\?*\"\\")");
}

TEST(SelectorText, CountsTermsAndTheDepthOfGroups) {
  const auto written = write_selector(*make_all({a, make_any({b, make_negation(make_all({a, b}))})}));
  EXPECT_EQ(written.text, "a,any(b,not(a,b))");
  EXPECT_EQ(written.terms, 4U);
  EXPECT_EQ(written.depth, 2U);
  EXPECT_EQ(write_selector(*make_all({a, b})).depth, 0U);
  EXPECT_EQ(write_selector(*make_negation(make_greater("a", 1))).depth, 1U);
  EXPECT_EQ(write_selector(*make_negation(make_any({a, b}))).depth, 2U);
}

// Keys and values in which everything occurs that needs care.
rc::Gen<std::string> awkward_text() {
  return rc::gen::element("a"s, "in"s, "notin"s, "any"s, "not"s, "x y"s, " "s, ","s, "("s, ")"s, "=b"s, "!"s,
                          "<"s, ">5"s, "~"s, "\""s, "\\"s, "\\\""s, "*"s, "?"s, "\\*"s, "\t"s, "\n"s, "\x01"s,
                          "\x7F"s, "\u0085"s, "\u00A0"s, "é"s, "日本"s, "𝄞"s, "+5"s, "'"s);
}

RC_GTEST_PROP(SelectorText, ParsesToTheTreeThatItWasMadeFrom, ()) {
  const auto value = rc::gen::weightedOneOf<std::string>({{9, awkward_text()}, {1, rc::gen::just(""s)}});
  const NodePtr selector = *test::any_selector_node(awkward_text(), value);
  const auto parsed = parse_selector(text(selector));
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(**parsed == *selector);
  RC_ASSERT(text(*parsed) == text(selector));
}

}   // namespace
}   // namespace usertags::selector
