#include "index/facets.hpp"

#include <algorithm>
#include <utility>

namespace usertags::index {
namespace {

const UserSet& users_of(const std::unique_ptr<KeyEntry>& entry) noexcept {
  return entry->users();
}
const UserSet& users_of(const UserSet& users) noexcept {
  return users;
}

// Calls visitor(text, number of users) for the entries that have users and begin with the prefix, from
// `first` on, in order, until it answers false.
template <class Blocks, class Visitor>
void visit_used(const Blocks& blocks, std::string_view prefix, std::string_view first, Visitor&& visitor) {
  blocks.visit_from(std::max(prefix, first), [&](std::string_view text, const auto& entry) {
    if (!text.starts_with(prefix)) return false;
    const std::uint32_t users = users_of(entry).size();
    return users == 0 || visitor(text, users);
  });
}

template <class Blocks>
FacetPage facets_in(const Blocks& blocks, const FacetRange& range) {
  FacetPage page;
  visit_used(blocks, range.prefix, range.after.value_or(std::string_view()),
             [&](std::string_view text, std::uint32_t users) {
               if (text == range.after) return true;
               page.more = page.facets.size() == range.limit;
               if (page.more) return false;
               page.facets.push_back({std::string(text), users});
               return true;
             });
  return page;
}

bool stands_before(const Facet& left, const Facet& right) noexcept {
  return left.users != right.users ? left.users > right.users : left.text < right.text;
}

}   // namespace

FacetPage key_facets(const TagIndex& tags, const FacetRange& range) {
  return facets_in(tags.keys(), range);
}

FacetPage value_facets(const KeyEntry& key, const FacetRange& range) {
  return facets_in(key.values(), range);
}

bool TopValues::look(const KeyEntry* key, const ValueChanges& changes, std::size_t stretch) {
  auto changed = changes.lower_bound(next_);
  // Values that have no entry any more, up to the next that has one.
  const auto add_gone = [&](auto&& is_passed) {
    for (; changed != changes.end() && is_passed(changed->first); ++changed)
      add(changed->first, -changed->second);
  };
  bool more = false;
  if (key != nullptr) {
    key->values().visit_from(next_, [&](std::string_view text, const UserSet& users) {
      if (!text.starts_with(prefix_)) return false;
      add_gone([&](std::string_view gone) { return gone < text; });
      more = stretch-- == 0;
      if (more) {
        next_ = text;
        return false;
      }
      const bool is_changed = changed != changes.end() && changed->first == text;
      add(text, std::int64_t{users.size()} - (is_changed ? (changed++)->second : 0));
      return true;
    });
  }
  if (!more) add_gone([&](std::string_view gone) { return gone.starts_with(prefix_); });
  return more;
}

// Texts come in order, so that one which comes later has to have more users to take a place.
void TopValues::add(std::string_view text, std::int64_t users) {
  if (users == 0) return;
  const auto count = static_cast<std::uint32_t>(users);
  if (best_.size() == limit_) {
    if (count <= best_.front().users) return;
    std::ranges::pop_heap(best_, stands_before);
    best_.pop_back();
  }
  best_.push_back({std::string(text), count});
  std::ranges::push_heap(best_, stands_before);
}

FacetPage TopValues::page() && {
  std::ranges::sort_heap(best_, stands_before);
  FacetPage page;
  page.facets = std::move(best_);
  return page;
}

}   // namespace usertags::index
