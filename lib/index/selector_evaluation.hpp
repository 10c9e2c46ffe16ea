// Evaluation of a selector over the tag index: its terms are bound to sets, and the sets are put together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "index/tag_index.hpp"
#include "index/user_set.hpp"
#include "selector/node.hpp"

namespace usertags::index {

// SelectorTerm: a selector bound to one moment of the tag index. Its tests have become the sets of users that
// pass them, looked up once; a pattern or a comparison has walked the ordered values of its key from the text
// that all matches begin with. Valid while the moment is held.

// How much is done while the moment lock is held once, about, in units of some ten nanoseconds: so that
// nobody who publishes waits longer than one to two milliseconds.
class Work {
 public:
  bool is_over() const noexcept { return done_ > kMost; }
  void look_up() noexcept { done_ += 16; }
  // A value that is held against a pattern (at worst, each of its bytes against each of the pattern's) or
  // bound.
  void match(const selector::Node& test, std::string_view value) noexcept {
    done_ += 4 + value.size() * test.pattern.items().size() / 16;
  }
  // A set that is put together with others.
  void unite(const UserSet& users) noexcept {
    constexpr std::uint64_t kContainer = 32;
    done_ += users.is_large() ? kContainer * (users.containers() + 1) : 2 + users.size() / 4;
  }

 private:
  static constexpr std::uint64_t kMost = 65'536;
  std::uint64_t done_ = 0;
};

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

// None where that, or the evaluation that follows, is too much work for one hold of the lock. Throws
// std::bad_alloc.
std::optional<SelectorTerm> bind_selector(const TagIndex& tags, const selector::Node& selector);

// Evaluation of selectors by set operations, on one moment of the tag index that the caller holds.
//
// Counting makes no set where sizes and the size of an intersection tell: of a test alone, of two tests, of
// their negations. Otherwise a conjunction begins with its smallest term, looks within what is left only, and
// the last term is counted, not made.
//
// A page looks at a stretch of ordinals at a time, the first as wide as one container of CRoaring, each
// further one four times as wide: so the first users come without the rest being made, and looking through
// all costs little more than doing it at once.

// None where it is too much for one hold of the moment lock (selector_slices.hpp). Both throw std::bad_alloc.
std::optional<std::uint64_t> count_matching(const TagIndex& tags, const selector::Node& selector);
// The first `limit` ordinals above `after`, ascending.
std::optional<std::vector<std::uint32_t>> first_matching(const TagIndex& tags, const selector::Node& selector,
                                                         std::uint32_t after, std::size_t limit);

}   // namespace usertags::index
