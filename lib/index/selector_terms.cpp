#include "index/selector_terms.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "model/integer.hpp"

namespace usertags::index {
namespace {

using model::Pattern;
using model::SelectorNode;
using Kind = SelectorNode::Kind;

class Binder {
 public:
  explicit Binder(const TagIndex& tags) noexcept : tags_(tags) {}

  bool is_over() const noexcept { return work_.is_over(); }

  SelectorTerm bind(const SelectorNode& node) {
    switch (node.kind) {
      case Kind::all: return group(SelectorTerm::Kind::all, node);
      case Kind::any: return group(SelectorTerm::Kind::any, node);
      case Kind::negation: return negated(bind(*node.children.front()));
      default: break;
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

  SelectorTerm group(SelectorTerm::Kind kind, const SelectorNode& node) {
    SelectorTerm term{.kind = kind};
    term.size = kind == SelectorTerm::Kind::all ? tags_.users().size() : 0;
    for (const model::SelectorNodePtr& child : node.children) {
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

  SelectorTerm test(const SelectorNode& node, const KeyEntry& key) {
    SelectorTerm term;
    switch (node.kind) {
      case Kind::exists: add(term, key.users()); break;
      case Kind::in: add_values(term, key, node.values); break;
      case Kind::matches: add_matches(term, key, node); break;
      case Kind::greater:
        add_integers(term, key, node, [&](std::int64_t value) { return value > node.bound; });
        break;
      case Kind::less:
        add_integers(term, key, node, [&](std::int64_t value) { return value < node.bound; });
        break;
      default: break;
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

  void add_matches(SelectorTerm& term, const KeyEntry& key, const SelectorNode& node) {
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
  void add_integers(SelectorTerm& term, const KeyEntry& key, const SelectorNode& node, Test&& test) {
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

std::optional<SelectorTerm> bind_selector(const TagIndex& tags, const model::SelectorNode& selector) {
  Binder binder(tags);
  SelectorTerm term = binder.bind(selector);
  return binder.is_over() ? std::nullopt : std::optional(std::move(term));
}

}   // namespace usertags::index
