// Every production of the grammar, every bound, and every place where a text can leave the grammar.
#include "selector/parser.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "selector/text.hpp"

namespace usertags::selector {
namespace {

using namespace std::string_literals;

// The canonical text, or the error's message.
std::string read(std::string_view text) {
  const auto selector = parse_selector(text);
  return selector ? write_selector(**selector).text : selector.error().message();
}

std::string repeated(std::string_view text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

// --- What is in the language: a text, and the canonical text of what it means. ---

struct Reading {
  std::string text;
  std::string canonical;
};

void expect_all(const std::vector<Reading>& readings) {
  for (const auto& [text, canonical] : readings) {
    SCOPED_TRACE(testing::PrintToString(text));
    EXPECT_EQ(read(text), canonical);
    EXPECT_EQ(read(canonical), canonical);
  }
}

TEST(SelectorParser, ReadsTerms) {
  expect_all({
      {"", ""},
      {" \t\r\n", ""},
      {"a", "a"},
      {"!a", "!a"},
      {"! a", "!a"},
      {"b,a", "a,b"},
      {"a,!b,a", "a,!b"},
  });
}

TEST(SelectorParser, ReadsGroupsWhereAParenthesisFollowsTheirWord) {
  expect_all({
      {"any(a,b)", "any(a,b)"},
      {"any(a)", "a"},
      {"all(a,b)", "a,b"},
      {"any(all(a,b),c)", "any(c,all(a,b))"},
      {"not(a)", "!a"},
      {"not(a,b)", "not(a,b)"},
      {"not(all(a,b))", "not(a,b)"},
      {"not(any(a,b))", "not(any(a,b))"},
      {"not(not(a))", "a"},
      {"not(!a)", "a"},
      {"not(a=b)", "a!=b"},
      {"not(a!~b*)", "a~b*"},
      {"not(a>5)", "not(a>5)"},
      {"any (a,any\n(b,c))", "any(a,b,c)"},
      {"any,all,not", "all,any,not"},
      {"!any,all=b,not in (c,d)", "all=b,!any,not in (c,d)"},
      {"\"any\"", "any"},
  });
}

TEST(SelectorParser, ReadsEquality) {
  expect_all({
      {"a=b", "a=b"},
      {"a==b", "a=b"},
      {"a!=b", "a!=b"},
      {"a=", "a=\"\""},
      {"a==,b", "a=\"\",b"},
      {"any(a!=)", "a!=\"\""},
      {"a= \n", "a=\"\""},
      {"a=in,b=notin,c=any", "a=in,b=notin,c=any"},
      {"a=5", "a=5"},
      {"a=-5", "a=-5"},
  });
}

TEST(SelectorParser, ReadsLists) {
  expect_all({
      {"a in (b)", "a=b"},
      {"a in(b,c)", "a in (b,c)"},
      {"a  in\t( c , b,c )", "a in (b,c)"},
      {"a notin (b,c)", "a notin (b,c)"},
      {"a notin (b)", "a!=b"},
      {"a in ()", "a=\"\""},
      {"a in (,)", "a=\"\""},
      {"a in (b,)", "a in (\"\",b)"},
      {"a in (,b)", "a in (\"\",b)"},
      {"a notin (b,,c)", "a notin (\"\",b,c)"},
      {"a in (\"b c\",\")\")", "a in (\")\",\"b c\")"},
  });
}

TEST(SelectorParser, TakesInAndNotinForKeysWhereNoKeyPrecedes) {
  expect_all({
      {"in", "in"},
      {"notin,in", "in,notin"},
      {"!in", "!in"},
      {"in=notin", "in=notin"},
      {"in in (in,notin)", "in in (in,notin)"},
      {"notin notin (in)", "notin!=in"},
      {"a,in in (b,c)", "a,in in (b,c)"},
      {"inside", "inside"},
      {"\"in\"=x", "in=x"},
  });
}

TEST(SelectorParser, ReadsComparisons) {
  expect_all({
      {"a>5", "a>5"},
      {"a < 5", "a<5"},
      {"a>+5", "a>5"},
      {"a>-5", "a>-5"},
      {"a<-0", "a<0"},
      {"a>007", "a>7"},
      {"a>9223372036854775807", "a>9223372036854775807"},
      {"a<-9223372036854775808", "a<-9223372036854775808"},
  });
}

TEST(SelectorParser, ReadsPatterns) {
  expect_all({
      {"a~b", "a~b"},
      {"a ~ b*", "a~b*"},
      {"a!~*b?", "a!~*b?"},
      {"a~**?b", "a~?*b"},
      {"a~\"b c*\"", "a~\"b c*\""},
      {"a~\"b*\"", "a~b*"},
      {"a~\"\"", "a~\"\""},
      {R"(a~\*\?\\\")", R"(a~"\*\?\\\"")"},
      {R"(a~"\*\?\\\"")", R"(a~"\*\?\\\"")"},
      {"a~é?日*", "a~é?日*"},
  });
}

TEST(SelectorParser, ReadsWordsAndQuotedTexts) {
  expect_all({
      {"\"a b\"=\"c d\"", "\"a b\"=\"c d\""},
      {"\"a\"=\"b\"", "a=b"},
      {R"("a\"b"="\\\"")", R"("a\"b"="\\\"")"},
      {"a=\"\"", "a=\"\""},
      {"a=\"b/c:d#\"", "a=\"b/c:d#\""},
      {"a=\"b\n\x01\"", "a=\"b\n\x01\""},
      {"a.b-c_d@e%f|g&h+i;j$k^l{m}n[o]p`q'r", "a.b-c_d@e%f|g&h+i;j$k^l{m}n[o]p`q'r"},
      {"日本=é", "日本=é"},
      {"a\u00A0b=𝄞", "a\u00A0b=𝄞"},
  });
}

TEST(SelectorParser, TakesWhiteSpaceBetweenAnyTokens) {
  EXPECT_EQ(read(" a in ( b , c ) , not ( d > 5 , ! e ) , f !~ g* , h != i "),
            read("a in(b,c),not(d>5,!e),f!~g*,h!=i"));
  EXPECT_EQ(read("a\tin\r\n(b)"), "a=b");
}

// --- What is no selector: a text, the byte at which that was noticed, and what the message says. ---

struct Refusal {
  std::string text;
  std::size_t position;
  std::string says;
};

void expect_all(const std::vector<Refusal>& refusals) {
  for (const auto& [text, position, says] : refusals) {
    SCOPED_TRACE(testing::PrintToString(text));
    const auto selector = parse_selector(text);
    ASSERT_FALSE(selector) << write_selector(**selector).text;
    EXPECT_EQ(selector.error(), ErrorCode::invalid_selector);
    EXPECT_EQ(selector.error().position(), position);
    const std::string message = selector.error().message();
    const std::string beginning =
        "the selector cannot be parsed at byte " + std::to_string(position) + ": " + says;
    EXPECT_TRUE(message.starts_with(beginning)) << message;
  }
}

TEST(SelectorParser, TellsWhereATermWasExpected) {
  const std::string expected = ", expected a key, \"!\" or a group";
  expect_all({
      Refusal{",", 0, "found \",\"" + expected},  {"a,", 2, "found the end" + expected},
      {"a, ", 3, "found the end" + expected},     {"a,,b", 2, "found \",\"" + expected},
      {"(a)", 0, "found \"(\"" + expected},       {")", 0, "found \")\"" + expected},
      {"any()", 4, "found \")\"" + expected},     {"any(", 4, "found the end" + expected},
      {"any(a,)", 6, "found \")\"" + expected},   {"=b", 0, "found \"=\"" + expected},
      {"==b", 0, "found \"==\"" + expected},      {"!=b", 0, "found \"!=\"" + expected},
      {"!~b", 0, "found \"!~\"" + expected},      {">5", 0, "found \">\"" + expected},
      {"  ~b", 2, "found \"~\"" + expected},      {"*", 0, "found \"*\"" + expected},
      {"\\", 0, "found \"\\\\\"" + expected},     {"/", 0, "found \"/\"" + expected},
      {"\x01", 0, "found \"\\x01\"" + expected},  {"\u0085", 0, "found \"\\xc2\\x85\"" + expected},
      {"!", 1, "found the end, expected a key"},  {"!!a", 1, "found \"!\", expected a key"},
      {"! =b", 2, "found \"=\", expected a key"}, {"!(a)", 1, "found \"(\", expected a key"},
  });
}

TEST(SelectorParser, TellsWhereATermWasOver) {
  const std::string after_key = ", expected a test, \",\" or the end";
  const std::string after_test = ", expected \",\" or the end";
  const std::string in_group = ", expected \",\" or \")\"";
  expect_all({
      Refusal{"a b", 2, "found \"b\"" + after_key},
      {"a \"b\"", 2, "found a quote" + after_key},
      {"a(b)", 1, "found \"(\"" + after_key},
      {"a)", 1, "found \")\"" + after_key},
      {"a*", 1, "found \"*\"" + after_key},
      {"a/b", 1, "found \"/\"" + after_key},
      {"a ! b", 2, "found \"!\"" + after_key},
      {"a\x7F", 1, "found \"\\x7f\"" + after_key},
      {"!a=b", 2, "found \"=\"" + after_test},
      {"!any(a)", 4, "found \"(\"" + after_test},
      {"a=b c", 4, "found \"c\"" + after_test},
      {"a=b=c", 3, "found \"=\"" + after_test},
      {"a=b*", 3, "found \"*\"" + after_test},
      {"a=b)", 3, "found \")\"" + after_test},
      {"a=b\"c\"", 3, "found a quote" + after_test},
      {"a=\"b\"c", 5, "found \"c\"" + after_test},
      {"a in (b)c", 8, "found \"c\"" + after_test},
      {"a>5 6", 4, "found \"6\"" + after_test},
      {"a>5*", 3, "found \"*\"" + after_test},
      {"a~b(c)", 3, "found \"(\"" + after_test},
      {"a~b c", 4, "found \"c\"" + after_test},
      {"a~\"b\"*", 5, "found \"*\"" + after_test},
      {"a~b\\c", 3, "found \"\\\\\"" + after_test},
      {"any(a)b", 6, "found \"b\"" + after_test},
      {"any(a))", 6, "found \")\"" + after_test},
      {"any(a", 5, "found the end, expected a test, \",\" or \")\""},
      {"any(a=b", 7, "found the end" + in_group},
      {"any(any(a)", 10, "found the end" + in_group},
      {"any(a=b c)", 8, "found \"c\"" + in_group},
  });
}

TEST(SelectorParser, TellsWhereAnOperandWasExpected) {
  expect_all({
      Refusal{"a=(b)", 2, "found \"(\", expected a value"},
      {"a=~b", 2, "found \"~\", expected a value"},
      {"a===b", 3, "found \"=\", expected a value"},
      {"a!==b", 3, "found \"=\", expected a value"},
      {"a=*", 2, "found \"*\", expected a value"},
      {"a=!b", 2, "found \"!\", expected a value"},
      {"a in", 4, "found the end, expected \"(\""},
      {"a in b", 5, "found \"b\", expected \"(\""},
      {"a notin,b", 7, "found \",\", expected \"(\""},
      {"a in (b c)", 8, "found \"c\", expected \",\" or \")\""},
      {"a in (b*)", 7, "found \"*\", expected \",\" or \")\""},
      {"a in (b", 7, "found the end, expected \",\" or \")\""},
      {"a in ((b))", 6, "found \"(\", expected \",\" or \")\""},
      {"a>", 2, "found the end, expected an integer"},
      {"a>b", 2, "found \"b\", expected an integer"},
      {"a>=5", 2, "found \"=\", expected an integer"},
      {"a<>5", 2, "found \">\", expected an integer"},
      {"a>5.5", 2, "found \"5.5\", expected an integer"},
      {"a> \"5\"", 3, "found a quote, expected an integer"},
      {"a>9223372036854775808", 2, "found \"9223372036854775808\", expected an integer"},
      {"a>--5", 2, "found \"--5\", expected an integer"},
      {"a~", 2, "found the end, expected a pattern"},
      {"a!~,b", 3, "found \",\", expected a pattern"},
      {"a~=b", 2, "found \"=\", expected a pattern"},
      {"a~\\d", 2, "found \"\\\\\", expected a pattern"},
  });
}

TEST(SelectorParser, TellsWhatIsWrongWithAText) {
  expect_all({
      Refusal{"a=\"b", 2, "the quote that begins here has no end"},
      {"a=\"", 2, "the quote that begins here has no end"},
      {"a=\"b\\", 2, "the quote that begins here has no end"},
      {"a=\"b\\\"", 2, "the quote that begins here has no end"},
      {"a in (\"b", 6, "the quote that begins here has no end"},
      {"!\"a", 1, "the quote that begins here has no end"},
      {"a~\"b", 2, "the quote that begins here has no end"},
      {"a=\"b\\n\"", 4, "a backslash stands before \"\\\" or a quote"},
      {"a=\"\\*\"", 3, "a backslash stands before \"\\\" or a quote"},
      {"\"\\a\"", 1, "a backslash stands before \"\\\" or a quote"},
      {"a~\"b\\n\"", 4, "in a pattern a backslash stands before"},
      {"\"\"=b", 0, "no tag has the key \"\", which is empty"},
      {"b,\"a/b\"", 2, "no tag has the key \"a/b\", which contains"},
      {"!\"a:b\"", 1, "no tag has the key \"a:b\", which contains"},
      {repeated("é", 51), 0,
       "no tag has the key \"" + repeated("é", 40) + "\"…, which has 51 characters, more than 50"},
      {"a=\"b\xC3\"", 4, "the selector is not well-formed UTF-8"},
      {"\xFF", 0, "the selector is not well-formed UTF-8"},
      {"a=\xED\xA0\x80", 2, "the selector is not well-formed UTF-8"},
      {"a,\xE6\x97", 2, "the selector is not well-formed UTF-8"},
      {"a=\"\0\""s, 3, "the selector contains NUL"},
      {"a\0"s, 1, "the selector contains NUL"},
      {"\0"s, 0, "the selector contains NUL"},
  });
}

// --- Bounds. ---

TEST(SelectorParser, Takes64Kib) {
  const std::string longest = "a=" + std::string(kMaxSelectorBytes - 2, 'x');
  EXPECT_EQ(read(longest), longest);
  expect_all({Refusal{longest + "x", kMaxSelectorBytes, "a selector has at most 65,536 bytes"},
              {std::string(1'000'000, '('), kMaxSelectorBytes, "a selector has at most 65,536 bytes"}});
}

TEST(SelectorParser, Takes1024Terms) {
  EXPECT_EQ(read(repeated("a,", 1023) + "a"), "a");
  EXPECT_EQ(read("any(" + repeated("!a,", 1023) + "!a)"), "!a");
  EXPECT_EQ(read("a in (" + repeated("b,", 2000) + "b)"), "a=b") << "values are no terms";
  expect_all({Refusal{repeated("a,", 1024) + "a", 2048, "a selector has at most 1,024 terms"},
              {repeated("!a,", 1024) + "!a", 3073, "a selector has at most 1,024 terms"}});
}

TEST(SelectorParser, TakesGroups32Deep) {
  const auto nested = [](std::size_t depth) { return repeated("not(", depth) + "a" + repeated(")", depth); };
  EXPECT_EQ(read(nested(32)), "a");
  EXPECT_EQ(read(repeated("any(b,all(c,", 16) + "a>1" + repeated("))", 16)).find("the selector"),
            std::string::npos);
  EXPECT_EQ(read(nested(32) + "," + nested(32)), "a") << "beside one another";
  expect_all({Refusal{nested(33), 4 * 32 + 3, "groups stand at most 32 deep within one another"},
              {repeated("any(", 16000), 4 * 32 + 3, "groups stand at most 32 deep"}});
}

// --- Whatever the text. ---

// Terms, and now and then a token where none belongs.
std::string some_text() {
  const auto token =
      rc::gen::element("a"s, "b1"s, "in"s, "notin"s, "any"s, "all"s, "not"s, " "s, "\n"s, "("s, ")"s, "="s,
                       "=="s, "!"s, "!="s, "~"s, "!~"s, "<"s, ">"s, "5"s, "-7"s, "\""s, "\\"s, "\\\""s, "*"s,
                       "?"s, "/"s, ":"s, "é"s, "\x85"s, "\x01"s, "\0"s, "and"s, "OR"s, "'x"s);
  const auto term = rc::gen::element("a=b"s, "b in ( c , d )"s, "!a"s, "any(a,b)"s, "not(a~b*)"s, ")"s,
                                     "a>5"s, "a"s, "\"a b\"!=\"\""s);
  std::string text;
  for (const auto& part : *rc::gen::container<std::vector<std::string>>(term)) {
    if (!text.empty()) text += ',';
    text += part;
  }
  for (const auto& part : *rc::gen::resize(2, rc::gen::container<std::vector<std::string>>(token))) {
    text.insert(*rc::gen::inRange<std::size_t>(0, text.size() + 1), part);
  }
  return text;
}

// An error is within the text, on one line; a tree is one whose text means the same. Right after the text
// lies memory that is not its own: the address sanitizer watches.
RC_GTEST_PROP(SelectorParser, AnswersEveryText, ()) {
  const std::string text = some_text();
  const std::vector<char> exact(text.begin(), text.end());
  const auto selector = parse_selector({exact.data(), exact.size()});
  RC_CLASSIFY(selector.has_value());
  if (selector) {
    const std::string canonical = write_selector(**selector).text;
    const auto again = parse_selector(canonical);
    RC_ASSERT(again.has_value());
    RC_ASSERT(**again == **selector);
  } else {
    RC_ASSERT(selector.error().position().value() <= text.size());
    const std::string message = selector.error().message();
    RC_ASSERT(message.find_first_of("\n\t\x01\0"s) == std::string::npos);
  }
}

}   // namespace
}   // namespace usertags::selector
