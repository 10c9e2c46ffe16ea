// Facets: the keys of the tag index, or the values of one of its keys, with the number of users of each.
//
// Entries without users are passed over: they await the users of a group that is being committed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
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

// Throw std::bad_alloc.
FacetPage key_facets(const TagIndex& tags, const FacetRange& range);
FacetPage value_facets(const KeyEntry& key, const FacetRange& range);

// How many users more than at an earlier moment each value of a key has now; fewer: below zero. The texts are those of
// records, which outlive it.
using ValueChanges = std::map<std::string_view, std::int64_t>;

// The values with the most users, equals by text, as of an earlier moment. It looks at every value, and so in stretches,
// between which the index may change.
class TopValues {
 public:
  TopValues(std::string_view prefix, std::size_t limit) : prefix_(prefix), next_(prefix), limit_(limit) {}

  // Looks at the next values of the key, if there is one; false: that was all. `changes`: since the earlier moment.
  // Throws std::bad_alloc.
  bool look(const KeyEntry* key, const ValueChanges& changes, std::size_t stretch);
  FacetPage page() &&;   // throws std::bad_alloc

 private:
  void add(std::string_view text, std::int64_t users);

  std::string prefix_;
  std::string next_;   // what was looked at is below
  const std::size_t limit_;
  std::vector<Facet> best_;   // a heap, the worst on top
};

}   // namespace usertags::index
