#include "model/selector_node.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace usertags::model {
namespace {

using Kind = SelectorNode::Kind;
using Children = std::vector<SelectorNodePtr>;

bool is_group(const SelectorNode& node) noexcept {
  return node.kind == Kind::all || node.kind == Kind::any;
}
bool is_every_user(const SelectorNode& node) noexcept {
  return node.kind == Kind::all && node.children.empty();
}

// What a term says apart from being negated.
const SelectorNode& positive(const SelectorNode& node) noexcept {
  return node.kind == Kind::negation ? *node.children.front() : node;
}

std::strong_ordering compare_children(const Children& left, const Children& right) noexcept {
  return std::lexicographical_compare_three_way(
      left.begin(), left.end(), right.begin(), right.end(),
      [](const SelectorNodePtr& one, const SelectorNodePtr& other) { return compare(*one, *other); });
}

std::strong_ordering compare_tests(const SelectorNode& left, const SelectorNode& right) noexcept {
  if (const auto order = left.key <=> right.key; order != 0) return order;
  if (const auto order = left.kind <=> right.kind; order != 0) return order;
  if (const auto order = left.values <=> right.values; order != 0) return order;
  if (const auto order = left.pattern <=> right.pattern; order != 0) return order;
  return left.bound <=> right.bound;
}

std::strong_ordering compare_positive(const SelectorNode& left, const SelectorNode& right) noexcept {
  if (const auto order = is_group(left) <=> is_group(right); order != 0) return order;
  if (!is_group(left)) return compare_tests(left, right);
  if (const auto order = left.kind <=> right.kind; order != 0) return order;
  return compare_children(left.children, right.children);
}

SelectorNodePtr make(SelectorNode node) {
  return std::make_shared<const SelectorNode>(std::move(node));
}

// The children of nested groups of the same kind, as their own.
Children flattened(Kind kind, Children children) {
  Children flat;
  flat.reserve(children.size());
  for (SelectorNodePtr& child : children) {
    if (child->kind == kind) {
      flat.insert(flat.end(), child->children.begin(), child->children.end());
    } else {
      flat.push_back(std::move(child));
    }
  }
  return flat;
}

void sort_without_repeats(Children& children) {
  std::ranges::sort(children, [](const SelectorNodePtr& one, const SelectorNodePtr& other) {
    return compare(*one, *other) < 0;
  });
  const auto repeats = std::ranges::unique(
      children, [](const SelectorNodePtr& one, const SelectorNodePtr& other) { return *one == *other; });
  children.erase(repeats.begin(), repeats.end());
}

SelectorNodePtr make_group(Kind kind, Children children) {
  children = flattened(kind, std::move(children));
  sort_without_repeats(children);
  if (children.size() == 1) return std::move(children.front());
  return make({.kind = kind, .children = std::move(children)});
}

// The language has no word for "no user", so it is said by a contradiction, which is an ordinary tree: a,!a
const SelectorNodePtr& nobody() {
  static const SelectorNodePtr node = [] {
    const SelectorNodePtr exists = make_exists("a");
    return make_all({exists, make({.kind = Kind::negation, .children = {exists}})});
  }();
  return node;
}

}   // namespace

std::strong_ordering compare(const SelectorNode& left, const SelectorNode& right) noexcept {
  if (&left == &right) return std::strong_ordering::equal;
  if (const auto order = compare_positive(positive(left), positive(right)); order != 0) return order;
  return (left.kind == Kind::negation) <=> (right.kind == Kind::negation);
}

SelectorNodePtr make_every_user() {
  static const SelectorNodePtr node = make({.kind = Kind::all});
  return node;
}

SelectorNodePtr make_all(Children children) {
  return make_group(Kind::all, std::move(children));
}

SelectorNodePtr make_any(Children children) {
  assert(!children.empty());
  for (const SelectorNodePtr& child : children) {
    if (is_every_user(*child)) return child;
  }
  return make_group(Kind::any, std::move(children));
}

SelectorNodePtr make_negation(SelectorNodePtr child) {
  if (is_every_user(*child)) return nobody();
  if (*child == *nobody()) return make_every_user();
  if (child->kind == Kind::negation) return child->children.front();
  return make({.kind = Kind::negation, .children = {std::move(child)}});
}

SelectorNodePtr make_exists(std::string key) {
  return make({.kind = Kind::exists, .key = std::move(key)});
}

SelectorNodePtr make_in(std::string key, std::vector<std::string> values) {
  assert(!values.empty());
  std::ranges::sort(values);
  const auto repeats = std::ranges::unique(values);
  values.erase(repeats.begin(), repeats.end());
  return make({.kind = Kind::in, .key = std::move(key), .values = std::move(values)});
}

SelectorNodePtr make_matches(std::string key, Pattern pattern) {
  return make({.kind = Kind::matches, .key = std::move(key), .pattern = std::move(pattern)});
}

SelectorNodePtr make_greater(std::string key, std::int64_t bound) {
  return make({.kind = Kind::greater, .key = std::move(key), .bound = bound});
}

SelectorNodePtr make_less(std::string key, std::int64_t bound) {
  return make({.kind = Kind::less, .key = std::move(key), .bound = bound});
}

}   // namespace usertags::model
