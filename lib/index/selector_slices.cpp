#include "index/selector_slices.hpp"

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "model/failure.hpp"
#include "selector/matching.hpp"

namespace usertags::index {
namespace {

using selector::Node;
using Kind = Node::Kind;

// What every value that passes the test begins with, or stands behind.
std::string_view first_value(const Node& test) noexcept {
  return test.kind == Kind::matches ? test.pattern.prefix() : std::string_view("+");
}

bool may_pass(const Node& test, std::string_view value) noexcept {
  return test.kind == Kind::matches ? value.starts_with(test.pattern.prefix())
                                    : value.empty() || value.front() <= '9';
}

}   // namespace

void require_before(const Deadline& deadline) {
  if (deadline && std::chrono::steady_clock::now() >= *deadline)
    model::fail(ErrorCode::timeout, "the question was not answered by its deadline");
}

void SelectorSlices::slice(const Look& work) const {
  require_before(deadline_);
  look_(work);
}

const Ordinals& SelectorSlices::living() {
  if (!living_) slice([&](const TagIndex& tags) { living_.emplace().add(tags.users()); });
  return *living_;
}

Ordinals SelectorSlices::matching(const Node& selector) {
  switch (selector.kind) {
    case Kind::all: return all(selector);
    case Kind::any: return any(selector);
    case Kind::negation: {
      const Ordinals others = matching(*selector.children.front());
      return living().without(others);
    }
    case Kind::in: return with_one_of(selector);
    case Kind::matches:
    case Kind::greater:
    case Kind::less: return with_value_like(selector);
    case Kind::exists: break;
  }
  Ordinals found;
  slice([&](const TagIndex& tags) {
    if (const KeyEntry* const key = tags.find(selector.key)) found.add(key->users());
  });
  return found;
}

Ordinals SelectorSlices::all(const Node& selector) {
  if (selector.children.empty()) return living().copy();
  Ordinals found = matching(*selector.children.front());
  for (const auto& child : std::span(selector.children).subspan(1)) {
    if (found.empty()) break;
    found = found.common_with(matching(*child));
  }
  return found;
}

Ordinals SelectorSlices::any(const Node& selector) {
  Ordinals found;
  for (const auto& child : selector.children) found.add(matching(*child));
  return found;
}

Ordinals SelectorSlices::with_one_of(const Node& selector) {
  Ordinals found;
  for (auto value = selector.values.begin(); value != selector.values.end();) {
    slice([&](const TagIndex& tags) {
      const KeyEntry* const key = tags.find(selector.key);
      Work work;
      for (; value != selector.values.end() && !work.is_over(); ++value) {
        work.look_up();
        const UserSet* const users = key == nullptr ? nullptr : key->values().find(*value);
        if (users == nullptr) continue;
        work.unite(*users);
        found.add(*users);
      }
    });
  }
  return found;
}

// From value to value, in their order: what comes in between is of users who are touched.
Ordinals SelectorSlices::with_value_like(const Node& selector) {
  Ordinals found;
  std::vector<std::uint32_t> few;   // of small sets, to be put in order together
  std::string next(first_value(selector));
  for (bool more = true; more;) {
    more = false;
    slice([&](const TagIndex& tags) {
      const KeyEntry* const key = tags.find(selector.key);
      if (key == nullptr) return;
      Work work;
      key->values().visit_from(next, [&](std::string_view value, const UserSet& users) {
        if (!may_pass(selector, value)) return false;
        if (work.is_over()) {
          next = value;
          more = true;
          return false;
        }
        work.match(selector, value);
        if (!selector::passes(selector, value)) return true;
        work.unite(users);
        if (users.is_large())
          found.add(users);
        else
          few.insert(few.end(), users.few().begin(), users.few().end());
        return true;
      });
    });
    found.add_members(few);
    few.clear();
  }
  return found;
}

void SelectorSlices::correct(Ordinals& found, const Node& selector, std::span<const Touched> touched) const {
  constexpr std::size_t kStretch = 256;
  for (std::size_t i = 0; i < touched.size(); ++i) {
    if (i % kStretch == 0) require_before(deadline_);
    const bool matched = touched[i].then && matches(selector, *touched[i].then);
    found.set(touched[i].ordinal, matched);
  }
}

bool matches(const Node& selector, const model::Record& user) {
  return selector::matches(selector, [&](std::string_view key) { return user.find(key); });
}

}   // namespace usertags::index
