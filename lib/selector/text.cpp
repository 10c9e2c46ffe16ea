#include "selector/text.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/text.hpp"

namespace usertags::selector {

void append_quoted(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (kTextEscapes.contains(c)) out += '\\';
    out += c;
  }
  out += '"';
}

namespace {

using Kind = Node::Kind;

void append_text(std::string_view text, std::string& out) {
  if (!is_word(text)) return append_quoted(text, out);
  out += text;
}

void append_pattern_item(char item, std::string& out) {
  if (item == Pattern::kAnyCharacter) {
    out += '?';
  } else if (item == Pattern::kAnyRun) {
    out += '*';
  } else {
    if (kPatternEscapes.contains(item)) out += '\\';
    out += item;
  }
}

// The bytes of wildcards pass for characters of words, so the question is about the literals alone.
void append_pattern(const Pattern& pattern, std::string& out) {
  const std::string_view quote = is_word(pattern.items()) ? "" : "\"";
  out += quote;
  for (const char item : pattern.items()) append_pattern_item(item, out);
  out += quote;
}

class Writer {
 public:
  explicit Writer(SelectorText& written) noexcept : written_(written), out_(written.text) {}

  void selector(const Node& node) { node.kind == Kind::all ? terms(node.children) : term(node); }

 private:
  void terms(const std::vector<NodePtr>& nodes) {
    std::string_view separator;
    for (const NodePtr& node : nodes) {
      out_ += separator;
      separator = ",";
      term(*node);
    }
  }

  void term(const Node& node) {
    switch (node.kind) {
      case Kind::all: return group("all", node.children);
      case Kind::any: return group("any", node.children);
      case Kind::negation: return negation(node);
      case Kind::exists:
      case Kind::in:
      case Kind::matches:
      case Kind::greater:
      case Kind::less: return test(node, false);
    }
  }

  void group(std::string_view word, const std::vector<NodePtr>& nodes) {
    written_.depth = std::max(written_.depth, ++depth_);
    out_ += word;
    out_ += '(';
    terms(nodes);
    out_ += ')';
    --depth_;
  }

  void negation(const Node& node) {
    const Node& negated = *node.children.front();
    switch (negated.kind) {
      case Kind::exists:
      case Kind::in:
      case Kind::matches: return test(negated, true);
      case Kind::all: return group("not", negated.children);   // not(a,b) is not(all(a,b))
      case Kind::any:
      case Kind::negation:
      case Kind::greater:
      case Kind::less: return group("not", node.children);
    }
  }

  void test(const Node& node, bool negated) {
    ++written_.terms;
    if (node.kind == Kind::exists && negated) out_ += '!';
    append_text(node.key, out_);
    switch (node.kind) {
      case Kind::in: return in(node.values, negated);
      case Kind::matches: out_ += negated ? "!~" : "~"; return append_pattern(node.pattern, out_);
      case Kind::greater: out_ += '>' + std::to_string(node.bound); return;
      case Kind::less: out_ += '<' + std::to_string(node.bound); return;
      case Kind::exists:
      case Kind::all:
      case Kind::any:
      case Kind::negation: return;   // the last three are no tests
    }
  }

  void in(const std::vector<std::string>& values, bool negated) {
    if (values.size() == 1) {
      out_ += negated ? "!=" : "=";
      return append_text(values.front(), out_);
    }
    out_ += negated ? " notin (" : " in (";
    std::string_view separator;
    for (const std::string& value : values) {
      out_ += separator;
      separator = ",";
      append_text(value, out_);
    }
    out_ += ')';
  }

  SelectorText& written_;
  std::string& out_;
  std::size_t depth_ = 0;
};

}   // namespace

SelectorText write_selector(const Node& selector) {
  SelectorText written;
  Writer(written).selector(selector);
  return written;
}

std::expected<Pattern, std::size_t> parse_pattern(std::string_view text) {
  Pattern pattern;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '*') {
      pattern.append_any_run();
    } else if (text[at] == '?') {
      pattern.append_any_character();
    } else {
      const bool escaped = text[at] == '\\';
      if (escaped && (at + 1 == text.size() || !kPatternEscapes.contains(text[at + 1]))) {
        return std::unexpected(at);
      }
      at += escaped ? 1 : 0;
      pattern.append_literal(text.substr(at, 1));
    }
  }
  return pattern;
}

namespace {

bool is_ascii_word_character(char c) noexcept {
  return c > ' ' && c != '\x7F' && std::string_view(",()=!<>~\"\\*?#/:").find(c) == std::string_view::npos;
}

// U+0080 to U+009F, the control characters beyond ASCII.
bool begins_with_c1_control(std::string_view text) noexcept {
  return text.size() >= 2 && text[0] == '\xC2' && static_cast<std::uint8_t>(text[1]) < 0xA0;
}

std::size_t wildcard_or_escape_bytes(std::string_view text) noexcept {
  if (text.starts_with('*') || text.starts_with('?')) return 1;
  const bool escape = text.starts_with('\\') && text.size() > 1 && kPatternEscapes.contains(text[1]);
  return escape ? 2 : 0;
}

}   // namespace

std::string_view without_space(std::string_view text) noexcept {
  while (!text.empty() && is_selector_space(text.front())) text.remove_prefix(1);
  return text;
}

std::size_t word_bytes(std::string_view text) noexcept {
  std::size_t size = 0;
  while (size < text.size()) {
    const bool ascii = static_cast<std::uint8_t>(text[size]) < 0x80;
    if (ascii ? !is_ascii_word_character(text[size]) : begins_with_c1_control(text.substr(size))) break;
    ++size;
  }
  return size;
}

std::size_t pattern_bytes(std::string_view text) noexcept {
  for (std::size_t size = 0;;) {
    const std::string_view rest = text.substr(size);
    const std::size_t more = word_bytes(rest) + wildcard_or_escape_bytes(rest);
    if (more == 0) return size;
    size += more;
  }
}

namespace {

// 65536 as "65,536".
std::string with_commas(std::size_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

}   // namespace

std::optional<std::string> check_selector_key(std::string_view key) {
  const model::BrokenRules broken = model::check_key(key);
  if (broken.empty()) return std::nullopt;
  return "no tag has the key " + model::quoted(key) + ", which " + model::in_words(*broken.begin());
}

std::optional<std::string> check_selector_text(std::string_view what, std::string_view text) {
  const model::Utf8Scan scan = model::scan_utf8(text);
  if (scan.well_formed && !scan.contains_nul) return std::nullopt;
  std::string sentence = "the ";
  sentence += what;
  sentence += ' ' + model::quoted(text);
  sentence += scan.well_formed ? " contains NUL at byte " : " is not well-formed UTF-8 at byte ";
  return sentence + std::to_string(scan.well_formed ? text.find('\0') : model::well_formed_bytes(text));
}

std::optional<std::string> check_selector_bounds(const SelectorText& written) {
  if (written.depth > kMaxSelectorDepth) return selector_too_deep();
  if (written.terms > kMaxSelectorTerms) {
    return selector_of_too_many_terms() + ", not " + with_commas(written.terms);
  }
  if (written.text.size() > kMaxSelectorBytes)
    return "the canonical text of " + selector_too_long(written.text.size());
  return std::nullopt;
}

std::string selector_too_long(std::size_t found) {
  return "a selector has at most " + with_commas(kMaxSelectorBytes) + " bytes, not " + with_commas(found);
}

std::string selector_too_deep() {
  return "groups stand at most " + with_commas(kMaxSelectorDepth) + " deep within one another";
}

std::string selector_of_too_many_terms() {
  return "a selector has at most " + with_commas(kMaxSelectorTerms) + " terms";
}

std::string pattern_escapes_nothing() {
  return R"(in a pattern a backslash stands before "*", "?", "\" or a quote)";
}

std::string text_escapes_nothing() {
  return R"(a backslash stands before "\" or a quote)";
}

}   // namespace usertags::selector
