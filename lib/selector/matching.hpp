// Matching: whether one user is meant by a selector, from the user's tags alone. For users as they were once, of whom
// the tag index knows nothing, and for those who are looked at again. Else sets find them
// (index/selector_evaluation.hpp).
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "selector/node.hpp"

namespace usertags::selector {

// The keys that the selector asks about, sorted, each once: a user whose tags of other keys change goes on to be meant,
// or not. Throws std::bad_alloc.
std::vector<std::string> keys_of(const Node& selector);

// Whether a user with this value of the term's key is meant by the term.
bool passes(const Node& term, std::string_view value);

// Of a user who is there: value_of(key) answers an optional string_view, of keys that keys_of() names.
template <class TagLookUp>
bool matches(const Node& selector, const TagLookUp& value_of) {
  const auto means = [&](const NodePtr& child) { return matches(*child, value_of); };
  switch (selector.kind) {
    case Node::Kind::all: return std::ranges::all_of(selector.children, means);
    case Node::Kind::any: return std::ranges::any_of(selector.children, means);
    case Node::Kind::negation: return !means(selector.children.front());
    case Node::Kind::exists:
    case Node::Kind::in:
    case Node::Kind::matches:
    case Node::Kind::greater:
    case Node::Kind::less: break;
  }
  const std::optional<std::string_view> value = value_of(selector.key);
  return value && passes(selector, *value);
}

}   // namespace usertags::selector
