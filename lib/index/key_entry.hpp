// KeyEntry: one tag key in the index. It has the key's values, each with the set of users who have it, and
// the set of users who have the key at all, and keeps account of what they take.
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

// What the entries of an index come to together, so that nobody has to look at each.
struct KeyAccount {
  std::size_t values = 0;
  std::size_t heap_bytes = 0;   // beside the entries themselves
};

class KeyEntry {
 public:
  // The account lives as long as the entry.
  explicit KeyEntry(KeyAccount& account) noexcept : account_(&account) {}
  // Whose account has been added to another's: it is kept there from now on.
  void move_account(KeyAccount& account) noexcept { account_ = &account; }
  // Before an empty entry goes: its share is taken off the account.
  void close_account() noexcept { account_->heap_bytes -= values_.heap_bytes() + users_.heap_bytes(); }

  const SortedBlocks<UserSet>& values() const noexcept { return values_; }
  const UserSet& users() const noexcept { return users_; }
  bool empty() const noexcept { return values_.empty(); }

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
  // A value that nobody has any more, and that awaits nobody. `most`: SortedBlocks::trim.
  void erase_if_unused(std::string_view value, std::size_t most) noexcept;

 private:
  template <class Change>
  void change(UserSet& users, Change&& change) {
    const std::size_t bytes = users.heap_bytes();
    change(users);
    account_->heap_bytes += users.heap_bytes() - bytes;
  }

  // Keeps account of what becomes of the values while it lives.
  class ValuesChange {
   public:
    explicit ValuesChange(KeyEntry& entry) noexcept
        : entry_(entry), values_(entry.values_.size()), bytes_(entry.values_.heap_bytes()) {}
    ValuesChange(const ValuesChange&) = delete;
    ValuesChange& operator=(const ValuesChange&) = delete;
    ~ValuesChange() {
      entry_.account_->values += entry_.values_.size() - values_;
      entry_.account_->heap_bytes += entry_.values_.heap_bytes() - bytes_;
    }

   private:
    KeyEntry& entry_;
    std::size_t values_;
    std::size_t bytes_;
  };
  UserSet& at_or_insert(std::string_view value);

  KeyAccount* account_;
  SortedBlocks<UserSet> values_;
  UserSet users_;
};

}   // namespace usertags::index
