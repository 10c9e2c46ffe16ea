// Facets: the keys of the tag index, or the values of one of its keys, with the number of users of each.
//
// Entries without users are passed over: they await the users of a group that is being committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/tag_index.hpp"

namespace usertags::index {

struct Facet {
  std::string text;
  std::uint32_t users = 0;
};

struct FacetPage {
  std::vector<Facet> facets;
  bool more = false;
  std::uint64_t revision = 0;   // filled in by whoever holds the moment
};

// In the order of the texts: those that begin with the prefix, above `after`.
struct FacetRange {
  std::string_view prefix{};
  std::optional<std::string_view> after{};
  std::size_t limit = 0;
};

// All throw std::bad_alloc.
FacetPage key_facets(const TagIndex& tags, const FacetRange& range);
FacetPage value_facets(const KeyEntry& key, const FacetRange& range);
// The values with the most users, equals by text. Takes room for `limit` texts, and a look at each value.
FacetPage top_value_facets(const KeyEntry& key, std::string_view prefix, std::size_t limit);

}   // namespace usertags::index
