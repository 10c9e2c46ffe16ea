#include "selector/parser.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/shown_text.hpp"
#include "model/text.hpp"
#include "selector/text.hpp"

namespace usertags::selector {

namespace {

using Wanted = SelectorMistake::Wanted;
using Nodes = std::vector<NodePtr>;

// Each function takes what it names, from the position on, or notes the error and answers false.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) { place_.text = text; }

  Result<NodePtr> parse() {
    Nodes nodes;
    if (!whole(nodes)) return std::unexpected(std::move(*error_));
    return make_all(std::move(nodes));
  }

 private:
  bool whole(Nodes& nodes) {
    if (!is_sound()) return false;
    if (next() == '\0') return true;
    return terms(nodes) && (next() == '\0' || mistake(Wanted::separator));
  }

  // Within the bound, well-formed, and without NUL, so that `next` can answer NUL for the end.
  bool is_sound() {
    if (text_.size() > kMaxSelectorBytes) return fail(kMaxSelectorBytes, selector_too_long(text_.size()));
    const std::size_t well_formed = model::well_formed_bytes(text_);
    if (well_formed != text_.size()) return fail(well_formed, "the selector is not well-formed UTF-8");
    const std::size_t nul = text_.find('\0');
    return nul == std::string_view::npos || fail(nul, "the selector contains NUL");
  }

  // --- Terms. ---

  bool terms(Nodes& nodes) {
    do {
      if (!term(nodes.emplace_back())) return false;
    } while (take(','));
    return true;
  }

  bool term(NodePtr& node) {
    const char first = next();
    place_.key = place_.test = {};
    if (rest().starts_with("!=") || rest().starts_with("!~")) return mistake(Wanted::term);
    if (first == '!') return absence(node);
    if (is_group_next()) return group(node);
    std::string key;
    return counted() && read_key(Wanted::term, key) && test(std::move(key), node);
  }

  bool counted() { return ++terms_ <= kMaxSelectorTerms || fail(at_, selector_of_too_many_terms()); }

  bool absence(NodePtr& node) {
    place_.test = rest().substr(0, 1);
    ++at_;
    std::string key;
    if (!counted() || !read_key(Wanted::key, key)) return false;
    node = make_negation(make_exists(std::move(key)));
    return true;
  }

  bool is_group_next() const noexcept {
    const std::string_view word = next_word();
    if (word != "any" && word != "all" && word != "not") return false;
    return without_space(rest().substr(word.size())).starts_with('(');
  }

  bool group(NodePtr& node) {
    const std::string_view word = take_word();
    next();
    const auto outer = std::exchange(place_.opening, at_);
    if (++depth_ > kMaxSelectorDepth) return fail(at_, selector_too_deep());
    ++at_;
    Nodes nodes;
    if (!terms(nodes) || !(take(')') || mistake(Wanted::separator))) return false;
    --depth_;
    place_.opening = outer;
    place_.key = place_.test = {};
    node = word == "any" ? make_any(std::move(nodes)) : make_all(std::move(nodes));
    if (word == "not") node = make_negation(std::move(node));
    return true;
  }

  bool read_key(Wanted wanted, std::string& key) {
    next();
    const std::size_t begin = at_;
    if (!word_or_quoted(key)) return !error_ && mistake(wanted);
    place_.key = text_.substr(begin, at_ - begin);
    const auto broken = check_selector_key(key);
    return !broken || fail(begin, *broken);
  }

  // --- Tests. ---

  bool test(std::string key, NodePtr& node) {
    next();
    place_.test = next_test();
    at_ += place_.test.size();
    next();
    place_.operand = at_;
    if (place_.test.empty()) {
      node = make_exists(std::move(key));
      return true;
    }
    const bool negated = place_.test.front() == '!' || place_.test == "notin";
    if (!operand(std::move(key), node)) return false;
    if (negated) node = make_negation(std::move(node));
    return true;
  }

  bool operand(std::string key, NodePtr& node) {
    switch (place_.test.back()) {
      case '=': return value(std::move(key), node);
      case '~': return pattern(std::move(key), node);
      case 'n': return list(std::move(key), node);
      default: return integer(std::move(key), node);
    }
  }

  // The longest one; empty where there is none. "inside" is a word of its own, and no test.
  std::string_view next_test() const noexcept {
    const std::string_view word = next_word();
    if (word == "in" || word == "notin") return word;
    for (const std::string_view token : {"==", "=", "!=", "!~", ">", "<", "~"}) {
      if (rest().starts_with(token)) return rest().substr(0, token.size());
    }
    return {};
  }

  bool value(std::string key, NodePtr& node) {
    std::string value;
    if (!word_or_quoted(value) && (error_ || !is_end_of_term())) return !error_ && mistake(Wanted::value);
    node = make_in(std::move(key), {std::move(value)});
    return true;
  }

  bool is_end_of_term() noexcept {
    const char c = next();
    return c == ',' || c == ')' || c == '\0';
  }

  bool list(std::string key, NodePtr& node) {
    if (next() != '(') return mistake(Wanted::list);
    const auto outer = std::exchange(place_.opening, at_);
    ++at_;
    std::vector<std::string> values;
    do {
      next();
      if (!word_or_quoted(values.emplace_back()) && error_) return false;
    } while (take(','));
    if (!take(')')) return mistake(Wanted::list_separator);
    place_.opening = outer;
    node = make_in(std::move(key), std::move(values));
    return true;
  }

  bool integer(std::string key, NodePtr& node) {
    const auto bound = model::parse_integer(next_word());
    if (!bound) return mistake(Wanted::integer);
    const bool greater = place_.test == ">";
    take_word();
    node = greater ? make_greater(std::move(key), *bound) : make_less(std::move(key), *bound);
    return true;
  }

  bool pattern(std::string key, NodePtr& node) {
    const bool quoted = next() == '"';
    std::string_view written;
    if (quoted ? !quoted_text(written) : !pattern_word(written)) return false;
    const std::size_t begin = at_ - written.size() - (quoted ? 1 : 0);
    auto parsed = parse_pattern(written);
    if (!parsed) return fail(begin + parsed.error(), pattern_escapes_nothing());
    node = make_matches(std::move(key), std::move(*parsed));
    return true;
  }

  // --- Texts. ---

  // Answers false where neither is next, without an error then.
  bool word_or_quoted(std::string& text) {
    if (rest().starts_with('"')) return quoted(text);
    if (rest().starts_with(kNoQuote)) return false;
    text = take_word();
    return !text.empty();
  }

  bool quoted(std::string& text) {
    std::string_view written;
    if (!quoted_text(written)) return false;
    const std::size_t begin = at_ - 1 - written.size();
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (written[i] == '\\') {
        ++i;
        if (!kTextEscapes.contains(written[i])) return fail(begin + i - 1, text_escapes_nothing());
      }
      text += written[i];
    }
    return true;
  }

  // What stands between the quotes. A backslash and what follows it belong together, so that an escaped quote
  // ends nothing.
  bool quoted_text(std::string_view& written) {
    const std::size_t begin = at_ + 1;
    for (std::size_t i = begin; i < text_.size(); i += text_[i] == '\\' ? 2U : 1U) {
      if (text_[i] != '"') continue;
      written = text_.substr(begin, i - begin);
      at_ = i + 1;
      return true;
    }
    return fail(at_, "the quote that begins here has no end");
  }

  bool pattern_word(std::string_view& written) {
    written = rest().substr(0, pattern_bytes(rest()));
    if (written.empty() || written.starts_with(kNoQuote)) return mistake(Wanted::pattern);
    at_ += written.size();
    return true;
  }

  // --- Tokens. ---

  std::string_view rest() const noexcept { return text_.substr(at_); }
  std::string_view next_word() const noexcept { return rest().substr(0, word_bytes(rest())); }
  std::string_view take_word() noexcept {
    const std::string_view word = next_word();
    at_ += word.size();
    return word;
  }

  // Passes over white space; the character that follows, NUL at the end.
  char next() noexcept {
    const std::string_view following = without_space(rest());
    at_ = text_.size() - following.size();
    return following.empty() ? '\0' : following.front();
  }

  bool take(char c) noexcept {
    if (next() != c) return false;
    ++at_;
    return true;
  }

  // --- Errors. ---

  bool mistake(Wanted wanted) {
    next();
    place_.wanted = wanted;
    place_.position = at_;
    error_ = explain(place_);
    return false;
  }

  bool fail(std::size_t position, const std::string& what) {
    error_ = explain(position, what);
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  std::size_t terms_ = 0;
  SelectorMistake place_;   // as far as it is known, should one come
  std::optional<Error> error_;
};

}   // namespace

Result<NodePtr> parse_selector(std::string_view text) {
  return Parser(text).parse();
}

namespace {

using Wanted = SelectorMistake::Wanted;

std::string found(const SelectorMistake& mistake) {
  const std::string_view token = found_token(mistake);
  if (token.empty()) return "the end";
  return token == "\"" ? "a quote" : model::quoted(token);
}

std::string expected_separator(const SelectorMistake& mistake) {
  std::string words = mistake.key.empty() || !mistake.test.empty() ? "" : "a test, ";
  words += mistake.opening ? "\",\" or \")\"" : "\",\" or the end";
  return words;
}

std::string expected(const SelectorMistake& mistake) {
  switch (mistake.wanted) {
    case Wanted::term: return "a key, \"!\" or a group";
    case Wanted::key: return "a key";
    case Wanted::separator: return expected_separator(mistake);
    case Wanted::value: return "a value";
    case Wanted::pattern: return "a pattern";
    case Wanted::integer: return "an integer";
    case Wanted::list: return "\"(\"";
    case Wanted::list_separator: break;
  }
  return "\",\" or \")\"";
}

}   // namespace

std::string_view found_token(const SelectorMistake& mistake) noexcept {
  const std::string_view rest = mistake.text.substr(mistake.position);
  if (const std::size_t word = word_bytes(rest); word != 0) return rest.substr(0, word);
  for (const std::string_view token : {"==", "!=", "!~"}) {
    if (rest.starts_with(token)) return token;
  }
  return rest.substr(0, model::character_bytes(rest));
}

Error explain(const SelectorMistake& mistake) {
  std::string what = "found " + found(mistake) + ", expected " + expected(mistake);
  return explain(mistake.position, what, hint(mistake));
}

Error explain(std::size_t position, std::string_view what, std::string remedy) {
  std::string message = "the selector cannot be parsed at byte " + std::to_string(position) + ": ";
  message += what;
  return Error(ErrorCode::invalid_selector,
               Error::Details{.what = std::move(message), .remedy = std::move(remedy), .position = position});
}

}   // namespace usertags::selector
