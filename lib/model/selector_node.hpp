// SelectorNode: a selector as evaluators read it, whether it was parsed or built.
//
// Always in canonical form, because make_* are the only makers:
//   - in an `all` stands no `all`, in an `any` no `any`. Both have two children at least, apart from the
//   `all`
//     without children, which matches every user and is the child of nothing;
//   - children are sorted (compare), each once; so are values;
//   - a negation is of no negation. `!=`, notin and !~ are negations of `in` and `matches`: they match users
//     that lack the key, too.
// So equal selectors are equal trees. They are not nested deeply (kMaxSelectorDepth in selector_rules.hpp),
// so that recursion over them is safe.
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/selector_pattern.hpp"

namespace usertags::model {

struct SelectorNode;
using SelectorNodePtr = std::shared_ptr<const SelectorNode>;   // never null

struct SelectorNode {
  enum class Kind : std::uint8_t {
    all,        // every child
    any,        // at least one child
    negation,   // not its one child
    exists,     // the user has the key; the kinds below match only users that have it
    in,         // its value is one of these
    matches,    // its value matches the pattern
    greater,    // its value is an integer (integer.hpp) greater than the bound
    less,
  };

  Kind kind = Kind::all;
  std::vector<SelectorNodePtr> children{};   // all, any, negation
  std::string key{};                         // exists and below
  std::vector<std::string> values{};         // in: at least one
  Pattern pattern{};                         // matches
  std::int64_t bound = 0;                    // greater, less
};

// The order of terms in canonical text: by key, then by test, a negation after what it negates; groups last.
std::strong_ordering compare(const SelectorNode& left, const SelectorNode& right) noexcept;
inline bool operator==(const SelectorNode& left, const SelectorNode& right) noexcept {
  return compare(left, right) == std::strong_ordering::equal;
}

// --- The makers. All throw std::bad_alloc. ---

SelectorNodePtr make_every_user();
SelectorNodePtr make_all(std::vector<SelectorNodePtr> children);
SelectorNodePtr make_any(std::vector<SelectorNodePtr> children);   // at least one child
SelectorNodePtr make_negation(SelectorNodePtr child);
SelectorNodePtr make_exists(std::string key);
SelectorNodePtr make_in(std::string key, std::vector<std::string> values);   // at least one value
SelectorNodePtr make_matches(std::string key, Pattern pattern);
SelectorNodePtr make_greater(std::string key, std::int64_t bound);
SelectorNodePtr make_less(std::string key, std::int64_t bound);

}   // namespace usertags::model
