#include "selector/node.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace usertags::selector {

namespace {

using Kind = Node::Kind;
using Children = std::vector<NodePtr>;

bool is_group(const Node& node) noexcept {
  return node.kind == Kind::all || node.kind == Kind::any;
}
bool is_every_user(const Node& node) noexcept {
  return node.kind == Kind::all && node.children.empty();
}

// What a term says apart from being negated.
const Node& positive(const Node& node) noexcept {
  return node.kind == Kind::negation ? *node.children.front() : node;
}

std::strong_ordering compare_children(const Children& left, const Children& right) noexcept {
  return std::lexicographical_compare_three_way(
      left.begin(), left.end(), right.begin(), right.end(),
      [](const NodePtr& one, const NodePtr& other) { return compare(*one, *other); });
}

std::strong_ordering compare_tests(const Node& left, const Node& right) noexcept {
  if (const auto order = left.key <=> right.key; order != 0) return order;
  if (const auto order = left.kind <=> right.kind; order != 0) return order;
  if (const auto order = left.values <=> right.values; order != 0) return order;
  if (const auto order = left.pattern <=> right.pattern; order != 0) return order;
  return left.bound <=> right.bound;
}

std::strong_ordering compare_positive(const Node& left, const Node& right) noexcept {
  if (const auto order = is_group(left) <=> is_group(right); order != 0) return order;
  if (!is_group(left)) return compare_tests(left, right);
  if (const auto order = left.kind <=> right.kind; order != 0) return order;
  return compare_children(left.children, right.children);
}

NodePtr make(Node node) {
  return std::make_shared<const Node>(std::move(node));
}

// The children of nested groups of the same kind, as their own.
Children flattened(Kind kind, Children children) {
  Children flat;
  flat.reserve(children.size());
  for (NodePtr& child : children) {
    if (child->kind == kind) {
      flat.insert(flat.end(), child->children.begin(), child->children.end());
    } else {
      flat.push_back(std::move(child));
    }
  }
  return flat;
}

void sort_without_repeats(Children& children) {
  std::ranges::sort(children,
                    [](const NodePtr& one, const NodePtr& other) { return compare(*one, *other) < 0; });
  const auto repeats =
      std::ranges::unique(children, [](const NodePtr& one, const NodePtr& other) { return *one == *other; });
  children.erase(repeats.begin(), repeats.end());
}

NodePtr make_group(Kind kind, Children children) {
  children = flattened(kind, std::move(children));
  sort_without_repeats(children);
  if (children.size() == 1) return std::move(children.front());
  return make({.kind = kind, .children = std::move(children)});
}

// The language has no word for "no user", so it is said by a contradiction, which is an ordinary tree: a,!a
const NodePtr& nobody() {
  static const NodePtr node = [] {
    const NodePtr exists = make_exists("a");
    return make_all({exists, make({.kind = Kind::negation, .children = {exists}})});
  }();
  return node;
}

}   // namespace

std::strong_ordering compare(const Node& left, const Node& right) noexcept {
  if (&left == &right) return std::strong_ordering::equal;
  if (const auto order = compare_positive(positive(left), positive(right)); order != 0) return order;
  return (left.kind == Kind::negation) <=> (right.kind == Kind::negation);
}

NodePtr make_every_user() {
  static const NodePtr node = make({.kind = Kind::all});
  return node;
}

NodePtr make_all(Children children) {
  return make_group(Kind::all, std::move(children));
}

NodePtr make_any(Children children) {
  assert(!children.empty());
  for (const NodePtr& child : children) {
    if (is_every_user(*child)) return child;
  }
  return make_group(Kind::any, std::move(children));
}

NodePtr make_negation(NodePtr child) {
  if (is_every_user(*child)) return nobody();
  if (*child == *nobody()) return make_every_user();
  if (child->kind == Kind::negation) return child->children.front();
  return make({.kind = Kind::negation, .children = {std::move(child)}});
}

NodePtr make_exists(std::string key) {
  return make({.kind = Kind::exists, .key = std::move(key)});
}

NodePtr make_in(std::string key, std::vector<std::string> values) {
  assert(!values.empty());
  std::ranges::sort(values);
  const auto repeats = std::ranges::unique(values);
  values.erase(repeats.begin(), repeats.end());
  return make({.kind = Kind::in, .key = std::move(key), .values = std::move(values)});
}

NodePtr make_matches(std::string key, Pattern pattern) {
  return make({.kind = Kind::matches, .key = std::move(key), .pattern = std::move(pattern)});
}

NodePtr make_greater(std::string key, std::int64_t bound) {
  return make({.kind = Kind::greater, .key = std::move(key), .bound = bound});
}

NodePtr make_less(std::string key, std::int64_t bound) {
  return make({.kind = Kind::less, .key = std::move(key), .bound = bound});
}

}   // namespace usertags::selector
