#include "index/facets.hpp"

#include <algorithm>

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

struct Candidate {
  std::string_view text;
  std::uint32_t users;
};

bool stands_before(const Candidate& left, const Candidate& right) noexcept {
  return left.users != right.users ? left.users > right.users : left.text < right.text;
}

}   // namespace

FacetPage key_facets(const TagIndex& tags, const FacetRange& range) {
  return facets_in(tags.keys(), range);
}

FacetPage value_facets(const KeyEntry& key, const FacetRange& range) {
  return facets_in(key.values(), range);
}

// A heap of the best so far, the worst of them on top. Texts come in order, so that one which comes later
// has to have more users to take a place.
FacetPage top_value_facets(const KeyEntry& key, std::string_view prefix, std::size_t limit) {
  std::vector<Candidate> best;
  visit_used(key.values(), prefix, {}, [&](std::string_view text, std::uint32_t users) {
    if (best.size() == limit) {
      if (users <= best.front().users) return true;
      std::ranges::pop_heap(best, stands_before);
      best.pop_back();
    }
    best.push_back({text, users});
    std::ranges::push_heap(best, stands_before);
    return true;
  });
  std::ranges::sort_heap(best, stands_before);
  FacetPage page;
  page.facets.reserve(best.size());
  for (const Candidate& one : best) page.facets.push_back({std::string(one.text), one.users});
  return page;
}

}   // namespace usertags::index
