#include "model/selector_text.hpp"

#include <algorithm>
#include <string_view>

#include "model/selector_characters.hpp"

namespace usertags::model {
namespace {

using Kind = SelectorNode::Kind;

void append_text(std::string_view text, std::string& out) {
  if (is_word(text)) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (kTextEscapes.contains(c)) out += '\\';
    out += c;
  }
  out += '"';
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

  void selector(const SelectorNode& node) { node.kind == Kind::all ? terms(node.children) : term(node); }

 private:
  void terms(const std::vector<SelectorNodePtr>& nodes) {
    std::string_view separator;
    for (const SelectorNodePtr& node : nodes) {
      out_ += separator;
      separator = ",";
      term(*node);
    }
  }

  void term(const SelectorNode& node) {
    switch (node.kind) {
      case Kind::all: return group("all", node.children);
      case Kind::any: return group("any", node.children);
      case Kind::negation: return negation(node);
      default: return test(node, false);
    }
  }

  void group(std::string_view word, const std::vector<SelectorNodePtr>& nodes) {
    written_.depth = std::max(written_.depth, ++depth_);
    out_ += word;
    out_ += '(';
    terms(nodes);
    out_ += ')';
    --depth_;
  }

  void negation(const SelectorNode& node) {
    const SelectorNode& negated = *node.children.front();
    switch (negated.kind) {
      case Kind::exists:
      case Kind::in:
      case Kind::matches: return test(negated, true);
      case Kind::all: return group("not", negated.children);   // not(a,b) is not(all(a,b))
      default: return group("not", node.children);
    }
  }

  void test(const SelectorNode& node, bool negated) {
    ++written_.terms;
    if (node.kind == Kind::exists && negated) out_ += '!';
    append_text(node.key, out_);
    switch (node.kind) {
      case Kind::in: return in(node.values, negated);
      case Kind::matches: out_ += negated ? "!~" : "~"; return append_pattern(node.pattern, out_);
      case Kind::greater: out_ += '>' + std::to_string(node.bound); return;
      case Kind::less: out_ += '<' + std::to_string(node.bound); return;
      default: return;
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

SelectorText write_selector(const SelectorNode& selector) {
  SelectorText written;
  Writer(written).selector(selector);
  return written;
}

}   // namespace usertags::model
