// KeyEntry: one tag key in the index. It has the key's values, each with the set of users who have it, and
// the set of users who have the key at all, and keeps account of what all the sets take.
//
// A value stays while it has users, or awaits some: reserve() makes it and allocates, so that add() cannot
// fail.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "index/sorted_blocks.hpp"
#include "index/user_set.hpp"

namespace usertags::index {

class KeyEntry {
 public:
  const SortedBlocks<UserSet>& values() const noexcept { return values_; }
  const UserSet& users() const noexcept { return users_; }
  bool empty() const noexcept { return values_.empty(); }
  std::size_t heap_bytes() const noexcept { return values_.heap_bytes() + set_bytes_; }

  // For filling an empty entry: values ascend from call to call. Throw std::bad_alloc.
  void append(std::string_view value, UserSet users);
  void set_users(UserSet users) noexcept;

  // Room for a user to come to the value; `gains_key`: who has no other value of the key. Answers the
  // value's set, which stays where it is until a value is made or erased. Throws std::bad_alloc, with nothing
  // changed.
  UserSet& reserve(std::string_view value, bool gains_key);
  void cancel(std::string_view value, bool gains_key) noexcept;
  UserSet* find(std::string_view value) noexcept { return values_.find(value); }

  // A user comes to the set of a value, using a reservation, or leaves one.
  void add(UserSet& users, bool gains_key, std::uint32_t ordinal) noexcept;
  void remove(UserSet& users, bool loses_key, std::uint32_t ordinal) noexcept;
  // A value that nobody has any more, and that awaits nobody.
  void erase_if_unused(std::string_view value) noexcept;

 private:
  template <class Change>
  void change(UserSet& users, Change&& change) {
    const std::size_t bytes = users.heap_bytes();
    change(users);
    set_bytes_ += users.heap_bytes() - bytes;
  }

  SortedBlocks<UserSet> values_;
  UserSet users_;
  std::size_t set_bytes_ = 0;
};

}   // namespace usertags::index
