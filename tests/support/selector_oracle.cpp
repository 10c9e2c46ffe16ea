#include "support/selector_oracle.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <ostream>
#include <tuple>
#include <utility>
#include <vector>

#include "selector/node.hpp"
#include "selector/text.hpp"

namespace usertags::test {
namespace {

using selector::Node;
using selector::NodePtr;
using selector::Pattern;
using std::string;
using namespace std::string_literals;
using Nodes = std::vector<NodePtr>;

// Code points, each as its bytes.
std::vector<string> characters(std::string_view text) {
  std::vector<string> out;
  for (const char c : text) {
    if (out.empty() || (static_cast<unsigned char>(c) & 0xC0) != 0x80) out.emplace_back();
    out.back() += c;
  }
  return out;
}

// reached[j]: the items so far match the first j characters.
bool matches(const Pattern& pattern, const string& value) {
  const auto text = characters(value);
  std::vector<bool> reached(text.size() + 1);
  reached[0] = true;
  for (const string& item : characters(pattern.items())) {
    std::vector<bool> next(text.size() + 1);
    const bool run = item == string{Pattern::kAnyRun};
    const bool one = item == string{Pattern::kAnyCharacter};
    next[0] = run && reached[0];
    for (std::size_t j = 1; j <= text.size(); ++j) {
      next[j] = run ? reached[j] || next[j - 1] : reached[j - 1] && (one || item == text[j - 1]);
    }
    reached = std::move(next);
  }
  return reached.back();
}

// One sign or none, and digits; none beyond 64 bits.
std::optional<std::int64_t> integer(const string& text) {
  const std::size_t first = text.find_first_of("+-") == 0 ? 1 : 0;
  if (text.size() == first || text.find_first_not_of("0123456789", first) != string::npos)
    return std::nullopt;
  try {
    return std::stoll(text);
  } catch (const std::out_of_range&) {
    return std::nullopt;
  }
}

// What a test says of the value of its key.
bool passes(const Node& test, const string& value) {
  const auto number = integer(value);
  switch (test.kind) {
    case Node::Kind::exists: return true;
    case Node::Kind::in: return std::ranges::count(test.values, value) != 0;
    case Node::Kind::matches: return matches(test.pattern, value);
    case Node::Kind::greater: return number && *number > test.bound;
    case Node::Kind::less: return number && *number < test.bound;
    default: return false;
  }
}

// --- Generators. ---

rc::Gen<string> few_keys() {
  return rc::gen::element("a"s, "b"s, "c"s, "日"s);
}

rc::Gen<string> few_values() {
  return rc::gen::element(""s, "x"s, "xy"s, "y"s, "é"s, "x日y"s, "0"s, "1"s, "-1"s, "+2"s, "007"s, "1.5"s,
                          "1e3"s, "9223372036854775807"s, "9223372036854775808"s);
}

rc::Gen<std::int64_t> any_bound() {
  return rc::gen::element<std::int64_t>(-2, -1, 0, 1, 2, 6, 7, INT64_MIN, INT64_MAX);
}

// What stands between wildcards is a value, or nothing.
rc::Gen<Pattern> any_pattern(const rc::Gen<string>& value) {
  const auto part = rc::gen::pair(rc::gen::inRange(0, 4), value);
  return rc::gen::map(rc::gen::resize(4, rc::gen::container<std::vector<std::pair<int, string>>>(part)),
                      [](const auto& parts) {
                        Pattern pattern;
                        for (const auto& [kind, literal] : parts) {
                          if (kind == 0) pattern.append_any_character();
                          if (kind == 1) pattern.append_any_run();
                          if (kind >= 2) pattern.append_literal(literal);
                        }
                        return pattern;
                      });
}

rc::Gen<NodePtr> any_test(const rc::Gen<string>& key, const rc::Gen<string>& value) {
  const auto values =
      rc::gen::map(rc::gen::pair(value, rc::gen::resize(4, rc::gen::container<std::vector<string>>(value))),
                   [](auto some) {
                     some.second.push_back(std::move(some.first));
                     return std::move(some.second);
                   });
  return rc::gen::weightedOneOf<NodePtr>(
      {{2, rc::gen::map(key, [](string k) { return selector::make_exists(std::move(k)); })},
       {4, rc::gen::map(rc::gen::pair(key, values),
                        [](auto p) { return selector::make_in(std::move(p.first), std::move(p.second)); })},
       {3,
        rc::gen::map(rc::gen::pair(key, any_pattern(value)),
                     [](auto p) { return selector::make_matches(std::move(p.first), std::move(p.second)); })},
       {1, rc::gen::map(rc::gen::pair(key, any_bound()),
                        [](auto p) { return selector::make_greater(std::move(p.first), p.second); })},
       {1, rc::gen::map(rc::gen::pair(key, any_bound()),
                        [](auto p) { return selector::make_less(std::move(p.first), p.second); })}});
}

rc::Gen<NodePtr> any_tree(const rc::Gen<NodePtr>& test, int depth) {
  if (depth == 0) return test;
  const auto smaller = any_tree(test, depth - 1);
  const auto some = rc::gen::resize(4, rc::gen::container<Nodes>(smaller));
  return rc::gen::weightedOneOf<NodePtr>(
      {{3, test},
       {2, rc::gen::map(some, [](Nodes nodes) { return selector::make_all(std::move(nodes)); })},
       {2, rc::gen::map(rc::gen::nonEmpty(some),
                        [](Nodes nodes) { return selector::make_any(std::move(nodes)); })},
       {2, rc::gen::map(smaller, [](NodePtr node) { return selector::make_negation(std::move(node)); })}});
}

}   // namespace

bool selects(const Node& selector, const TagMap& tags) {
  const auto selected = [&](const NodePtr& child) { return selects(*child, tags); };
  switch (selector.kind) {
    case Node::Kind::all: return std::ranges::all_of(selector.children, selected);
    case Node::Kind::any: return std::ranges::any_of(selector.children, selected);
    case Node::Kind::negation: return !selected(selector.children.at(0));
    default: break;
  }
  const auto tag = tags.find(selector.key);
  return tag != tags.end() && passes(selector, tag->second);
}

bool selects(const Selector& selector, const TagMap& tags) {
  const auto node = selector::SelectorAccess::node(selector);
  return node && selects(**node, tags);
}

rc::Gen<NodePtr> any_selector_node(const rc::Gen<string>& key, const rc::Gen<string>& value) {
  return any_tree(any_test(key, value), 4);
}

rc::Gen<NodePtr> any_selector_node() {
  return any_selector_node(few_keys(), few_values());
}

rc::Gen<Selector> any_selector() {
  return rc::gen::map(any_selector_node(), selector::SelectorAccess::selector);
}

rc::Gen<TagMap> any_tag_map() {
  return rc::gen::resize(4, rc::gen::container<TagMap>(few_keys(), few_values()));
}

}   // namespace usertags::test

namespace usertags {

void showValue(const Selector& selector, std::ostream& out) {
  out << '\'' << selector.text() << '\'';
}

void selector::showValue(const NodePtr& selector, std::ostream& out) {
  out << '\'' << write_selector(*selector).text << '\'';
}

}   // namespace usertags
