// Tag and TagList: keys and values on their way into a call.
//
//   const std::map<std::string, std::string> imported = {{"tier", "gold"}, {"seats", "12"}};
//   usertags::TagList tags = imported;
//   tags.add("region", "emea");
//   auto created = store.create_user("user_ext_125", tags);
//   if (!created) return report(created.error());
#pragma once

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace usertags {

// A key and its value, as views that own nothing. A key has 1 to 50 characters, a value 0 to 200. A character
// is a code point of well-formed UTF-8; '#', '/', ':' and NUL are in neither. Bytes in, bytes out: nothing is
// folded or normalized.
struct Tag {
  std::string_view key;     // 1 to 50 characters
  std::string_view value;   // 0 to 200

  bool operator==(const Tag&) const = default;
};

// The tags of a creation: made from a braced list, a std::map, or any range of pairs. Owns its strings.
// Making and changing one may throw std::bad_alloc. Nothing is checked here: the call that takes it reports
// every violation at once, by position in the list.
class TagList {
 public:
  using Entry = std::pair<std::string, std::string>;   // key and value

  // Copies what it is given.
  TagList() = default;
  TagList(std::initializer_list<Tag> tags) {
    entries_.reserve(tags.size());
    for (const Tag& tag : tags) add(tag.key, tag.value);
  }
  template <std::ranges::input_range Range>
    requires(!std::same_as<std::remove_cvref_t<Range>, TagList>) &&
            requires(std::ranges::range_reference_t<Range> entry) {
              std::string_view(std::get<0>(entry));
              std::string_view(std::get<1>(entry));
            }
  TagList(const Range& range) {
    if constexpr (std::ranges::sized_range<const Range>) entries_.reserve(std::ranges::size(range));
    for (const auto& [key, value] : range) add(key, value);
  }

  // Adds at the end, also a key that is there: the call that takes the list refuses it then.
  TagList& add(std::string_view key, std::string_view value) {
    entries_.emplace_back(std::string(key), std::string(value));
    return *this;
  }

  // The entries, in the order in which they were given.
  std::size_t size() const noexcept { return entries_.size(); }
  bool empty() const noexcept { return entries_.empty(); }
  auto begin() const noexcept { return entries_.begin(); }
  auto end() const noexcept { return entries_.end(); }
  const Entry& operator[](std::size_t index) const noexcept { return entries_[index]; }

 private:
  std::vector<Entry> entries_;
};

}   // namespace usertags
