#include "selector/matching.hpp"

#include <algorithm>

#include "model/text.hpp"

namespace usertags::selector {
namespace {

void add_keys(const Node& selector, std::vector<std::string>& keys) {
  for (const NodePtr& child : selector.children) add_keys(*child, keys);
  if (selector.kind >= Node::Kind::exists) keys.push_back(selector.key);
}

bool passes(const Node& test, std::string_view value) {
  switch (test.kind) {
    case Node::Kind::in: return std::ranges::binary_search(test.values, value);
    case Node::Kind::matches: return test.pattern.matches(value);
    case Node::Kind::greater:
    case Node::Kind::less: {
      const auto integer = model::parse_integer(value);
      return integer && (test.kind == Node::Kind::greater ? *integer > test.bound : *integer < test.bound);
    }
    default: return true;
  }
}

}   // namespace

std::vector<std::string> keys_of(const Node& selector) {
  std::vector<std::string> keys;
  add_keys(selector, keys);
  std::ranges::sort(keys);
  const auto repeated = std::ranges::unique(keys);
  keys.erase(repeated.begin(), repeated.end());
  return keys;
}

bool matches(const Node& selector, const TagLookUp& value_of) {
  const auto means = [&](const NodePtr& child) { return matches(*child, value_of); };
  switch (selector.kind) {
    case Node::Kind::all: return std::ranges::all_of(selector.children, means);
    case Node::Kind::any: return std::ranges::any_of(selector.children, means);
    case Node::Kind::negation: return !means(selector.children.front());
    default: break;
  }
  const std::optional<std::string_view> value = value_of(selector.key);
  return value && passes(selector, *value);
}

}   // namespace usertags::selector
