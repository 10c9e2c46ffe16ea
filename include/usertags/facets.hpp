// Facets: which keys and values users have, and how many users have each. Keys and values without users are
// in no answer.
//
//   auto page = store.tag_values("tier", {.limit = 10, .order = usertags::ValueOrder::by_users});
//   if (!page) return report(page.error());
//   for (const usertags::ValueCount& found : page->values) show(found.value, found.users);
//
// Plain values: they own all that they hold, and outlive the store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <usertags/page.hpp>

namespace usertags {

// A question of tag_keys().
struct KeyRequest {
  std::string prefix{};            // only keys that begin with these bytes
  std::size_t limit = 100;         // 1 to 10,000
  std::optional<Cursor> after{};   // none: from the start
};

// A key that some users have.
struct KeyCount {
  std::string key;           // at least one user has it
  std::uint64_t users = 0;   // that have the key, with whatever value

  bool operator==(const KeyCount&) const = default;
};

// In ascending order of their bytes, as they were at one moment.
struct KeyPage {
  std::vector<KeyCount> keys;   // at most `limit`
  std::optional<Cursor> next;   // none: this was the last page
  std::uint64_t revision = 0;   // the store's, at which the page was read
};

// How tag_values() orders values.
enum class ValueOrder : std::uint8_t {
  by_value,   // in ascending order of their bytes
  by_users,   // most users first, equals by value: only the first `limit`; looks at every value of the key
};

// A question of tag_values().
struct ValueRequest {
  std::string prefix{};                      // only values that begin with these bytes
  std::size_t limit = 100;                   // 1 to 10,000
  std::optional<Cursor> after{};             // none: from the start; by_users takes none
  ValueOrder order = ValueOrder::by_value;   // of the page
};

// A value of the key that some users have.
struct ValueCount {
  std::string value;         // may be empty
  std::uint64_t users = 0;   // that have the key with this value

  bool operator==(const ValueCount&) const = default;
};

// As they were at one moment.
struct ValuePage {
  std::vector<ValueCount> values;   // at most `limit`
  std::optional<Cursor> next;       // none: this was the last page, or the order is by_users
  std::uint64_t revision = 0;       // the store's, at which the page was read
};

}   // namespace usertags
