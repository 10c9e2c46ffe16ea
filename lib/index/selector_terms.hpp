// SelectorTerm: a selector bound to one moment of the tag index. Its tests have become the sets of users that
// pass them, looked up once; a pattern or a comparison has walked the ordered values of its key from the text
// that all matches begin with. Valid while the moment is held.
#pragma once

#include <cstdint>
#include <vector>

#include "index/tag_index.hpp"
#include "index/user_set.hpp"
#include "model/selector_node.hpp"

namespace usertags::index {

struct SelectorTerm {
  enum class Kind : std::uint8_t {
    sets,   // a member of any of the sets; they have no common member, as a user has one value a key
    all,    // what every term matches; without terms, everybody
    any,
  };

  Kind kind = Kind::sets;
  bool negated = false;                 // of the users who live, those whom the rest does not match
  std::uint64_t size = 0;               // how many match: exact for sets, an upper bound for groups
  std::vector<const UserSet*> sets{};   // none is empty
  std::vector<SelectorTerm> terms{};    // the cheapest first

  // Matched against ordinals that nobody has, a negation is true: so it is asked of living users only. This
  // holds for terms that look at one before they have restricted themselves to users whom the index names.
  bool needs_living() const noexcept;
};

// Throws std::bad_alloc.
SelectorTerm bind_selector(const TagIndex& tags, const model::SelectorNode& selector);

}   // namespace usertags::index
