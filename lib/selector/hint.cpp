// hint(): the mistakes that people make who know SQL, Kubernetes, regular expressions or C++, and what to
// write instead, in the words of their own selector where these are short.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "model/text.hpp"
#include "selector/parser.hpp"
#include "selector/text.hpp"

namespace usertags::selector {

namespace {

using Wanted = SelectorMistake::Wanted;

constexpr std::string_view kReserved = R"(no key and no value of a tag contains "#", "/" or ":")";
constexpr std::string_view kNoExpression =
    "a pattern is no regular expression: * is any run of characters, ? is one";

constexpr std::size_t kMaxEchoedBytes = 60;

// The text, or what stands for it where it is too long or has control characters.
std::string_view echo(std::string_view text, std::string_view otherwise) noexcept {
  const auto is_control = [](char c) { return c == '\x7F' || static_cast<std::uint8_t>(c) < ' '; };
  const bool plain =
      !text.empty() && text.size() <= kMaxEchoedBytes && std::ranges::none_of(text, is_control);
  return plain ? text : otherwise;
}

template <class... Parts>
std::string sentence(const Parts&... parts) {
  std::string words;
  (words.append(parts), ...);
  return words;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = 'A' <= c && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

// The mistake, with what all hints ask for.
struct Question {
  explicit Question(const SelectorMistake& given)
      : mistake(given),
        found(found_token(given)),
        rest(given.text.substr(given.position)),
        is_word(word_bytes(rest) != 0),
        key(echo(given.key, "key")) {}

  bool finds(std::string_view characters) const noexcept {
    return !found.empty() && !is_word && characters.contains(found.front());
  }
  // What was written from the operand to the found token, and `more` bytes of the rest.
  std::string_view operand_and(std::size_t more) const noexcept {
    const std::size_t begin = mistake.operand;
    return mistake.text.substr(begin, mistake.position + more - begin);
  }

  const SelectorMistake& mistake;
  std::string_view found;
  std::string_view rest;
  bool is_word;
  std::string_view key;
};

// --- A key or a group was expected. ---

std::string hint_for_term(const Question& q) {
  if (q.found.empty() || q.finds(",")) return "a comma stands between two terms";
  if (q.finds("(")) return "terms are put together with all(…), any(…) or not(…)";
  if (q.finds(")")) return "a group has one term at least";
  if (q.finds("=!<>~")) return "the key comes before its test";
  if (q.finds("*?")) return "keys have no wildcards; key~pattern compares a value";
  if (q.finds("#/:")) return std::string(kReserved);
  return "";
}

std::string hint_for_key(const Question& q) {
  if (q.finds("(")) return "a group is negated with not(…)";
  if (q.finds("!")) return "two negations are none";
  return q.found.empty() || q.finds(",)") ? "" : hint_for_term(q);
}

// --- A term was complete, and something else than its end followed. ---

std::string hint_for_wildcard(const Question& q) {
  const std::string_view test = q.mistake.test;
  if (test.empty() || test == "!") return "keys have no wildcards; key~pattern compares a value";
  if (!test.ends_with('=')) return "";
  const std::string_view pattern = q.operand_and(pattern_bytes(q.rest));
  return sentence("a pattern is written ", q.key, test == "!=" ? "!~" : "~", echo(pattern, "go*"),
                  ", and a value with * or ? in quotes");
}

std::string hint_for_parenthesis(const Question& q) {
  const std::string_view key = q.mistake.key;
  const std::string word = lower(key);
  if (q.mistake.test.ends_with('~')) return std::string(kNoExpression);
  if (key.empty() || !(q.mistake.test.empty() || q.mistake.test == "!")) return "";
  if (word != "any" && word != "all" && word != "not")
    return sentence("a list of values is written ", q.key, " in (…)");
  if (q.mistake.test == "!") return sentence("a group is negated with not(", word, "(…))");
  return sentence("a group is written ", word, "(…), in small letters without quotes");
}

// What was found and follows, from the n-th word on, counted from 0; and that word.
std::string_view rest_behind(const Question& q, int n) noexcept {
  std::string_view rest = q.rest;
  for (; n > 0; --n) rest = without_space(rest.substr(word_bytes(rest)));
  return rest;
}
std::string_view word_behind(const Question& q, int n) noexcept {
  const std::string_view rest = rest_behind(q, n);
  return rest.substr(0, word_bytes(rest));
}

// "gold%" as "gold*".
std::string pattern_behind(const Question& q, int n) {
  const std::string_view rest = rest_behind(q, n);
  std::string pattern(rest.substr(0, pattern_bytes(rest)));
  std::erase(pattern, '\'');
  std::ranges::replace(pattern, '%', '*');
  return std::string(echo(pattern, "…"));
}

std::string asks_whether_it_is_there(const Question& q) {
  return sentence("the key alone asks whether it is there: ", q.key);
}
std::string asks_whether_it_is_absent(const Question& q) {
  return sentence("an absent key is written !", q.key);
}

// "is null", "is not null", "is gold", "is not gold".
std::string hint_for_is(const Question& q) {
  const std::string next = lower(word_behind(q, 1));
  if (next == "null") return asks_whether_it_is_absent(q);
  if (next != "not") return sentence("it is written ", q.key, "=", echo(word_behind(q, 1), "…"));
  if (lower(word_behind(q, 2)) == "null") return asks_whether_it_is_there(q);
  return sentence("it is written ", q.key, "!=", echo(word_behind(q, 2), "…"));
}

// "not in (…)", "not null", "not like go%".
std::string hint_for_not(const Question& q) {
  const std::string next = lower(word_behind(q, 1));
  if (next == "null") return asks_whether_it_is_there(q);
  if (next == "like") return sentence("it is written ", q.key, "!~", pattern_behind(q, 2));
  return sentence("it is written ", q.key, " notin (…)");
}

// A word in single quotes, which are no quotes here.
std::string hint_for_single_quote(const Question& q) {
  const std::string_view behind = q.rest.substr(1);
  const std::string_view inner = behind.substr(0, behind.find('\''));
  return sentence("texts stand in double quotes: \"", echo(inner, "…"), "\"");
}

// A word that joins terms, or tests, elsewhere.
std::string hint_for_foreign_word(const Question& q) {
  const std::string word = lower(q.found);
  if (word == "and" || q.found == "&&" || q.found == "&") return "terms are joined with a comma";
  if (word == "or" || q.found == "||" || q.found == "|") return "one of several terms is written any(…,…)";
  if (!q.mistake.test.empty()) return "";
  if (word == "not") return hint_for_not(q);
  if (word == "in" || word == "notin")
    return sentence("it is written ", q.key, " ", word, " (…), in small letters");
  if (word == "is") return hint_for_is(q);
  if (word == "like" || word == "matches")
    return sentence("it is written ", q.key, "~", pattern_behind(q, 1));
  if (word == "contains") return sentence("part of a value is compared with ", q.key, "~*…*");
  if (word == "eq" || word == "equals") return sentence("it is written ", q.key, "=…");
  if (word == "exists") return sentence("the key alone asks whether it exists: ", q.key);
  return "";
}

// The words from the text's beginning on, with the white space between them.
std::size_t words_bytes(std::string_view text) noexcept {
  std::size_t end = 0;
  for (std::string_view rest = without_space(text); word_bytes(rest) != 0;
       rest = without_space(text.substr(end))) {
    end = text.size() - rest.size() + word_bytes(rest);
  }
  return end;
}

// Whether a word that begins here is the key of a test.
bool begins_a_test(std::string_view rest) noexcept {
  const std::string_view next = without_space(rest.substr(word_bytes(rest)));
  return !next.empty() && (std::string_view("=!<>~").contains(next.front()) || next.starts_with("in (") ||
                           next.starts_with("notin ("));
}

std::string hint_for_space(const Question& q) {
  if (q.mistake.test.empty() && lower(q.mistake.key) == "not")
    return sentence("an absent key is written !", echo(q.found, "key"),
                    ", and terms are negated with not(…)");
  if (std::string meant = hint_for_foreign_word(q); !meant.empty()) return meant;
  const bool after_value = q.mistake.test.ends_with('=');
  const std::string_view written = after_value ? q.operand_and(words_bytes(q.rest)) : "";
  if (written.empty() || written.starts_with('"') || begins_a_test(q.rest))
    return "terms are joined with a comma";
  const std::string value = sentence("a value with spaces is written ", q.key, q.mistake.test, "\"",
                                     echo(written, "two words"), "\"");
  const bool at_end = without_space(q.rest.substr(words_bytes(q.rest))).empty();
  return at_end ? "terms are joined with a comma, and " + value : value;
}

// A quote that touches what stands before it.
std::string hint_for_quote(const Question& q) {
  const std::size_t position = q.mistake.position;
  const bool touches = position > 0 && !is_selector_space(q.mistake.text[position - 1]);
  return touches ? "quotes stand around a whole text" : "terms are joined with a comma";
}

std::string hint_for_second_test(const Question& q) {
  const std::string_view test = q.mistake.test;
  if (test == "<" || test == ">")
    return sentence("each test has a key of its own: ", q.key, ">1,", q.key, "<5");
  if (!test.ends_with('=')) return "";
  return "a value with one of , ( ) = ! < > ~ is written in quotes";
}

std::string hint_for_reserved(const Question& q) {
  if (q.mistake.test.ends_with('~')) return sentence(kReserved, ", and ", kNoExpression);
  if (!q.mistake.test.empty() || q.found != ":") return std::string(kReserved);
  const std::string_view value = q.rest.substr(1, word_bytes(q.rest.substr(1)));
  return sentence(kReserved, ", and a value is compared with \"=\": ", q.key, "=", echo(value, "value"));
}

std::string hint_for_backslash(const Question& q) {
  return q.mistake.test.ends_with('~') ? "a backslash stands before one of * ? \\ \" only"
                                       : "a backslash stands in quotes and in patterns only";
}

// A test of a key that "!" stands before.
std::string hint_for_negated_test(const Question& q) {
  if (q.finds("=")) return sentence("not equal is written ", q.key, "!=…");
  if (q.finds("~")) return sentence("it is written ", q.key, "!~…");
  if (q.finds("<>")) return sentence("a comparison is negated with not(", q.key, q.found, "…)");
  return sentence("it is written ", q.key, " notin (…)");
}

std::string hint_for_separator(const Question& q) {
  if (q.mistake.test == "!" && (q.finds("=~<>") || q.found == "in" || q.found == "notin")) {
    return hint_for_negated_test(q);
  }
  const bool bare_key = q.mistake.test.empty() && !q.mistake.key.empty();
  if (q.is_word) return hint_for_space(q);
  if (q.finds("\"")) return hint_for_quote(q);
  if (q.finds("*?")) return hint_for_wildcard(q);
  if (q.finds("(")) return hint_for_parenthesis(q);
  if (q.finds(")")) return "no \"(\" stands before it";
  if (q.finds("#/:")) return hint_for_reserved(q);
  if (q.finds("\\")) return hint_for_backslash(q);
  if (q.finds("!") && bare_key) return "it is written !=, !~ or notin, without a space in it";
  return q.finds("=<>~!") ? hint_for_second_test(q) : "";
}

// --- Something else than an operand followed a test. ---

std::string hint_for_value(const Question& q) {
  const bool negated = q.mistake.test == "!=";
  if (q.finds("~")) {
    const std::string_view pattern = q.rest.substr(1, pattern_bytes(q.rest.substr(1)));
    return sentence("a pattern is written ", q.key, negated ? "!~" : "~", echo(pattern, "go*"));
  }
  if (q.finds("=")) return negated ? "inequality is written !=" : "equality is written = or ==";
  if (q.finds("!")) return sentence("not equal is written ", q.key, "!=…");
  if (q.finds("<>"))
    return sentence("integers are compared with ", q.key, ">1 and ", q.key,
                    "<5, and a value with < or > is written in quotes");
  if (q.finds("("))
    return sentence("a list of values is written ", q.key, negated ? " notin (…)" : " in (…)");
  return hint_for_separator(q);
}

std::string hint_for_pattern(const Question& q) {
  if (q.found.empty() || q.finds(",)")) return sentence("the empty value is written ", q.key, "=\"\"");
  if (q.finds("=~")) return sentence("a pattern is written ", q.key, "~go*");
  if (q.finds("(/")) return std::string(kNoExpression);
  return hint_for_separator(q);
}

// For `>=` and `<=`: the bound that says the same without "=".
std::string hint_for_inclusive_bound(const Question& q) {
  using Range = std::numeric_limits<std::int64_t>;
  const bool greater = q.mistake.test == ">";
  const std::string_view operand = without_space(q.rest.substr(1));
  const auto bound = model::parse_integer(operand.substr(0, word_bytes(operand)));
  const bool has_neighbour = bound && *bound != (greater ? Range::min() : Range::max());
  const std::int64_t given = has_neighbour ? *bound : 5;
  return sentence("for integers ", q.key, q.mistake.test, "=", std::to_string(given), " is written ", q.key,
                  q.mistake.test, std::to_string(greater ? given - 1 : given + 1));
}

std::string hint_for_integer(const Question& q) {
  if (q.finds("=")) return hint_for_inclusive_bound(q);
  if (q.finds(">") && q.mistake.test == "<") return sentence("not equal is written ", q.key, "!=…");
  if (q.finds("\"")) return "numbers stand without quotes";
  if (!q.is_word) return "";
  const bool digits_only =
      q.found.find_first_not_of("0123456789", q.found.find_first_of("+-") == 0 ? 1 : 0) ==
      std::string_view::npos;
  return digits_only ? "integers have 64 bits" : "only integers of 64 bits can be compared by size";
}

std::string hint_for_list(const Question& q) {
  if (q.is_word || q.finds("\"")) {
    return sentence("a list is written ", q.key, " ", q.mistake.test, " (gold,silver)");
  }
  return q.found.empty() || q.finds(",)") ? "in and notin are keys only where no key stands before them" : "";
}

std::string hint_for_list_separator(const Question& q) {
  if (q.is_word) return "values are separated by commas, and a value with spaces is written in quotes";
  if (q.finds("*?"))
    return sentence("a list has no patterns; they are written any(", q.key, "~a*,", q.key, "~b*)");
  if (q.finds("(=!<>~")) return "a value with one of , ( ) = ! < > ~ is written in quotes";
  return hint_for_separator(q);
}

}   // namespace

std::string hint(const SelectorMistake& mistake) {
  const Question q(mistake);
  if (q.found.empty() && mistake.opening) {
    return "the \"(\" at byte " + std::to_string(*mistake.opening) + " is not closed";
  }
  if (q.found.starts_with('\'')) return hint_for_single_quote(q);
  switch (mistake.wanted) {
    case Wanted::term: return hint_for_term(q);
    case Wanted::key: return hint_for_key(q);
    case Wanted::separator: return hint_for_separator(q);
    case Wanted::value: return hint_for_value(q);
    case Wanted::pattern: return hint_for_pattern(q);
    case Wanted::integer: return hint_for_integer(q);
    case Wanted::list: return hint_for_list(q);
    case Wanted::list_separator: break;
  }
  return hint_for_list_separator(q);
}

}   // namespace usertags::selector
