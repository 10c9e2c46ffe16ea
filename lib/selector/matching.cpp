#include "selector/matching.hpp"

#include <algorithm>
#include <utility>

#include "model/text.hpp"

namespace usertags::selector {
namespace {

void add_keys(const Node& selector, std::vector<std::string>& keys) {
  for (const NodePtr& child : selector.children) add_keys(*child, keys);
  if (selector.kind >= Node::Kind::exists) keys.push_back(selector.key);
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

bool passes(const Node& term, std::string_view value) {
  switch (term.kind) {
    case Node::Kind::in: return std::ranges::binary_search(term.values, value);
    case Node::Kind::matches: return term.pattern.matches(value);
    case Node::Kind::greater:
    case Node::Kind::less: {
      const auto integer = model::parse_integer(value);
      return integer && (term.kind == Node::Kind::greater ? *integer > term.bound : *integer < term.bound);
    }
    case Node::Kind::exists: return true;
    case Node::Kind::all:
    case Node::Kind::any:
    case Node::Kind::negation: break;   // no terms
  }
  std::unreachable();
}

}   // namespace usertags::selector
