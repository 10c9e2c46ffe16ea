// Node: a selector as evaluators read it, whether it was parsed or built.
//
// Always in canonical form, because make_* are the only makers:
//   - in an `all` stands no `all`, in an `any` no `any`. Both have two children at least, apart from the
//     `all` without children, which matches every user and is the child of nothing;
//   - children are sorted (compare), each once; so are values;
//   - a negation is of no negation. `!=`, notin and !~ are negations of `in` and `matches`: they match users
//     that lack the key, too.
// So equal selectors are equal trees. They are not nested deeply (kMaxSelectorDepth in text.hpp),
// so that recursion over them is safe.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/selector.hpp>

#include "selector/pattern.hpp"

namespace usertags::selector {

struct Node;
using NodePtr = std::shared_ptr<const Node>;   // never null

struct Node {
  // The order is part of the canonical text, to which cursors are bound.
  enum class Kind : std::uint8_t {
    all = 0,        // every child
    any = 1,        // at least one child
    negation = 2,   // not its one child
    exists = 3,     // the user has the key; the kinds below match only users that have it
    in = 4,         // its value is one of these
    matches = 5,    // its value matches the pattern
    greater = 6,    // its value is an integer (model::parse_integer) greater than the bound
    less = 7,
  };

  Kind kind = Kind::all;
  std::vector<NodePtr> children{};     // all, any, negation
  std::string key{};                   // exists and below
  std::vector<std::string> values{};   // in: at least one
  Pattern pattern{};                   // matches
  std::int64_t bound = 0;              // greater, less
};

// The order of terms in canonical text: by key, then by test, a negation after what it negates; groups last.
std::strong_ordering compare(const Node& left, const Node& right) noexcept;
inline bool operator==(const Node& left, const Node& right) noexcept {
  return compare(left, right) == std::strong_ordering::equal;
}

// --- The makers. All throw std::bad_alloc. ---

NodePtr make_every_user();
NodePtr make_all(std::vector<NodePtr> children);
NodePtr make_any(std::vector<NodePtr> children);   // at least one child
NodePtr make_negation(NodePtr child);
NodePtr make_exists(std::string key);
NodePtr make_in(std::string key, std::vector<std::string> values);   // at least one value
NodePtr make_matches(std::string key, Pattern pattern);
NodePtr make_greater(std::string key, std::int64_t bound);
NodePtr make_less(std::string key, std::int64_t bound);

// What a Selector holds. Immutable. A refused selector has an error, and a tree that nobody may look at, as
// it may break the bounds.
struct SelectorForm {
  NodePtr node;
  std::string text;
  std::optional<Error> error;
};

// The way from the selectors of hosts to their trees.
class SelectorAccess {
 public:
  // The tree, or why the selector is refused. Throws std::bad_alloc.
  static Result<NodePtr> node(const Selector& selector);

  // Of a tree within or beyond the bounds, not more than twice so; of parts that cannot be put together.
  // They throw std::bad_alloc.
  static Selector selector(NodePtr node);
  static Selector refused(Error error);

  static const SelectorForm& form(const Selector& selector);
};

}   // namespace usertags::selector
