#include "index/selector_evaluation.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "index/ordinals.hpp"
#include "index/selector_terms.hpp"

namespace usertags::index {
namespace {

using Kind = SelectorTerm::Kind;
using Terms = std::span<const SelectorTerm>;

constexpr std::uint64_t kFirstStretch = 65'536;
constexpr std::uint64_t kStretchGrowth = 4;
constexpr std::size_t kMaxCounted = 16;   // sets, or pairs of sets, that are counted one by one

// Looks at the users of a stretch of ordinals.
class Evaluation {
 public:
  Evaluation(const TagIndex& tags, std::uint32_t first, std::uint32_t last) noexcept
      : tags_(tags), first_(first), last_(last) {}

  Ordinals matching(const SelectorTerm& term) const {
    const Ordinals stretch = Ordinals::range(first_, last_);
    return term.needs_living() ? matching(term, stretch.common_with(tags_.users())) : matching(term, stretch);
  }

  // Those of `within` who match all terms.
  Ordinals narrowed(Terms terms, const Ordinals& within) const {
    if (terms.empty()) return within.copy();
    Ordinals left = matching(terms.front(), within);
    for (const SelectorTerm& term : terms.subspan(1)) {
      if (left.empty()) break;
      left = matching(term, left);
    }
    return left;
  }

  std::uint64_t count(const SelectorTerm& term, const Ordinals& within) const {
    if (term.kind != Kind::sets || term.sets.size() > kMaxCounted) return matching(term, within).size();
    std::uint64_t common = 0;
    for (const UserSet* set : term.sets) common += within.count_common(*set);
    return term.negated ? within.size() - common : common;
  }

 private:
  Ordinals matching(const SelectorTerm& term, const Ordinals& within) const {
    if (!term.negated) return matching_rest(term, within);
    if (term.kind == Kind::sets && term.sets.size() == 1) return within.without(*term.sets.front());
    return within.without(matching_rest(term, within));
  }

  Ordinals matching_rest(const SelectorTerm& term, const Ordinals& within) const {
    switch (term.kind) {
      case Kind::sets: return united(term.sets, within);
      case Kind::all: return narrowed(term.terms, within);
      case Kind::any: break;
    }
    Ordinals united;
    for (const SelectorTerm& one : term.terms) united.add(matching(one, within));
    return united;
  }

  Ordinals united(std::span<const UserSet* const> sets, const Ordinals& within) const {
    if (sets.size() == 1) return within.common_with(*sets.front());
    Ordinals united;
    std::vector<std::uint32_t> members;   // of all small sets: put in order at once
    for (const UserSet* set : sets) {
      if (set->bitmap() != nullptr) {
        united.add(within.common_with(*set));
      } else {
        const auto few = in_stretch(set->few());
        members.insert(members.end(), few.begin(), few.end());
      }
    }
    if (!members.empty()) united.add(within.common_with(Ordinals::of(std::move(members))));
    return united;
  }

  std::span<const std::uint32_t> in_stretch(std::span<const std::uint32_t> members) const noexcept {
    return {std::ranges::lower_bound(members, first_), std::ranges::upper_bound(members, last_)};
  }

  const TagIndex& tags_;
  std::uint32_t first_;
  std::uint32_t last_;
};

class Count {
 public:
  explicit Count(const TagIndex& tags) noexcept
      : living_(tags.users().size()), all_(tags, 0, tags.users().last()) {}

  std::uint64_t of(const SelectorTerm& term) const {
    if (term.size == 0 || term.kind == Kind::sets) return term.size;
    if (term.kind == Kind::any && !is_countable_pair(term.terms)) return all_.matching(term).size();
    const std::uint64_t count = term.kind == Kind::all ? of_all(term.terms) : of_either(term.terms);
    return term.negated ? living_ - count : count;
  }

 private:
  std::uint64_t of_all(Terms terms) const {
    if (terms.empty()) return living_;
    if (is_countable_pair(terms)) return of_both(terms);
    const Ordinals first = all_.matching(terms.front());
    const Ordinals left = all_.narrowed(terms.subspan(1, terms.size() - 2), first);
    return left.empty() ? 0 : all_.count(terms.back(), left);
  }

  std::uint64_t of_either(Terms terms) const noexcept {
    return terms[0].size + terms[1].size - of_both(terms);
  }

  static bool is_countable_pair(Terms terms) noexcept {
    return terms.size() == 2 && terms[0].kind == Kind::sets && terms[1].kind == Kind::sets &&
           terms[0].sets.size() * terms[1].sets.size() <= kMaxCounted;
  }

  // What is left of one without the other follows from what they have in common.
  std::uint64_t of_both(Terms terms) const noexcept {
    const SelectorTerm& left = terms[0];
    const SelectorTerm& right = terms[1];
    std::uint64_t common = 0;
    for (const UserSet* one : left.sets) {
      for (const UserSet* other : right.sets) common += count_common(*one, *other);
    }
    if (!left.negated && !right.negated) return common;
    if (left.negated && right.negated) return left.size + right.size + common - living_;
    return (left.negated ? right.size : left.size) - common;
  }

  std::uint64_t living_;
  Evaluation all_;
};

}   // namespace

std::optional<std::uint64_t> count_matching(const TagIndex& tags, const model::SelectorNode& selector) {
  const std::optional<SelectorTerm> term = bind_selector(tags, selector);
  return term ? std::optional(Count(tags).of(*term)) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> first_matching(const TagIndex& tags,
                                                         const model::SelectorNode& selector,
                                                         std::uint32_t after, std::size_t limit) {
  const std::optional<SelectorTerm> bound = bind_selector(tags, selector);
  if (!bound) return std::nullopt;
  const SelectorTerm& term = *bound;
  std::vector<std::uint32_t> found;
  if (term.size == 0) return found;
  const std::uint64_t last = tags.users().last();
  std::uint64_t width = kFirstStretch;
  for (std::uint64_t from = std::uint64_t{after} + 1; from <= last && found.size() < limit;) {
    const std::uint64_t to = std::min(last, from + width - 1);
    Evaluation(tags, static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to))
        .matching(term)
        .append_first(limit, found);
    from = to + 1;
    width *= kStretchGrowth;
  }
  return found;
}

}   // namespace usertags::index
