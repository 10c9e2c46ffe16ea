#include "index/selector_evaluation.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "index/user_set.hpp"
#include "model/text.hpp"

namespace usertags::index {

namespace {

using selector::Node;
using selector::Pattern;
using NodeKind = Node::Kind;

class Binder {
 public:
  explicit Binder(const TagIndex& tags) noexcept : tags_(tags) {}

  bool is_over() const noexcept { return work_.is_over(); }

  SelectorTerm bind(const Node& node) {
    switch (node.kind) {
      case NodeKind::all: return group(SelectorTerm::Kind::all, node);
      case NodeKind::any: return group(SelectorTerm::Kind::any, node);
      case NodeKind::negation: return negated(bind(*node.children.front()));
      case NodeKind::exists:
      case NodeKind::in:
      case NodeKind::matches:
      case NodeKind::greater:
      case NodeKind::less: break;
    }
    const KeyEntry* const key = tags_.find(node.key);
    return key == nullptr ? SelectorTerm() : test(node, *key);
  }

 private:
  SelectorTerm negated(SelectorTerm term) const {
    const bool is_exact = term.kind == SelectorTerm::Kind::sets || term.terms.empty();
    term.negated = !term.negated;
    term.size = is_exact ? tags_.users().size() - term.size : tags_.users().size();
    return term;
  }

  SelectorTerm group(SelectorTerm::Kind kind, const Node& node) {
    SelectorTerm term{.kind = kind};
    term.size = kind == SelectorTerm::Kind::all ? tags_.users().size() : 0;
    for (const selector::NodePtr& child : node.children) {
      if (work_.is_over()) break;
      term.terms.push_back(bind(*child));
      const std::uint64_t size = term.terms.back().size;
      term.size = kind == SelectorTerm::Kind::all ? std::min(term.size, size) : term.size + size;
    }
    term.size = std::min<std::uint64_t>(term.size, tags_.users().size());
    std::ranges::sort(term.terms, {},
                      [](const SelectorTerm& child) { return std::tuple(child.needs_living(), child.size); });
    return term;
  }

  void add(SelectorTerm& term, const UserSet& users) {
    if (users.empty()) return;   // or awaiting users of a group that is being committed
    work_.unite(users);
    term.sets.push_back(&users);
    term.size += users.size();
  }

  SelectorTerm test(const Node& node, const KeyEntry& key) {
    SelectorTerm term;
    switch (node.kind) {
      case NodeKind::exists: add(term, key.users()); break;
      case NodeKind::in: add_values(term, key, node.values); break;
      case NodeKind::matches: add_matches(term, key, node); break;
      case NodeKind::greater:
        add_integers(term, key, node, [&](std::int64_t value) { return value > node.bound; });
        break;
      case NodeKind::less:
        add_integers(term, key, node, [&](std::int64_t value) { return value < node.bound; });
        break;
      case NodeKind::all:
      case NodeKind::any:
      case NodeKind::negation: break;   // bind() has taken them apart
    }
    return term;
  }

  void add_values(SelectorTerm& term, const KeyEntry& key, const std::vector<std::string>& values) {
    for (const std::string& value : values) {
      work_.look_up();
      if (work_.is_over()) return;
      if (const UserSet* users = key.values().find(value)) add(term, *users);
    }
  }

  void add_matches(SelectorTerm& term, const KeyEntry& key, const Node& node) {
    const Pattern& pattern = node.pattern;
    const std::string_view prefix = pattern.prefix();
    if (pattern.is_fixed()) {
      if (const UserSet* users = key.values().find(prefix)) add(term, *users);
      return;
    }
    const bool is_prefix_only =
        pattern.items().substr(prefix.size()) == std::string_view(&Pattern::kAnyRun, 1);
    if (is_prefix_only && prefix.empty()) return add(term, key.users());
    key.values().visit_from(prefix, [&](std::string_view value, const UserSet& users) {
      work_.match(node, value);
      if (work_.is_over() || !value.starts_with(prefix)) return false;
      if (is_prefix_only || pattern.matches(value)) add(term, users);
      return true;
    });
  }

  // Integers begin with a sign or a digit, and stand between '+' and what follows '9'.
  template <class Test>
  void add_integers(SelectorTerm& term, const KeyEntry& key, const Node& node, Test&& test) {
    key.values().visit_from("+", [&](std::string_view value, const UserSet& users) {
      work_.match(node, value);
      if (work_.is_over() || value.front() > '9') return false;
      const std::optional<std::int64_t> integer = model::parse_integer(value);
      if (integer && test(*integer)) add(term, users);
      return true;
    });
  }

  const TagIndex& tags_;
  Work work_;
};

}   // namespace

bool SelectorTerm::needs_living() const noexcept {
  if (negated) return true;
  const auto needs = [](const SelectorTerm& term) { return term.needs_living(); };
  switch (kind) {
    case Kind::sets: return false;
    case Kind::all: return terms.empty() || terms.front().needs_living();   // the cheapest does not, if any
    case Kind::any: return std::ranges::any_of(terms, needs);
  }
  return true;
}

std::optional<SelectorTerm> bind_selector(const TagIndex& tags, const selector::Node& selector) {
  Binder binder(tags);
  SelectorTerm term = binder.bind(selector);
  return binder.is_over() ? std::nullopt : std::optional(std::move(term));
}

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
      if (set->is_large()) {
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

std::optional<std::uint64_t> count_matching(const TagIndex& tags, const selector::Node& selector) {
  const std::optional<SelectorTerm> term = bind_selector(tags, selector);
  return term ? std::optional(Count(tags).of(*term)) : std::nullopt;
}

std::optional<std::vector<std::uint32_t>> first_matching(const TagIndex& tags, const selector::Node& selector,
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
