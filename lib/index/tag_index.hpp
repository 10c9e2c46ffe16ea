// TagIndex: from tags to users.
//
//   key ─▶ { value ─▶ set of users, set of users who have the key }
//
// Keys and values are ordered (SortedBlocks), users are ordinals (UserSet), so that a selector can be
// evaluated by set operations, and patterns and comparisons by a walk over the ordered values of one key.
// Updates are in two steps, so that the second cannot fail: prepare() makes entries and room, publish() fills
// them. Readers and updates are kept apart by the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "index/sorted_blocks.hpp"
#include "index/user_set.hpp"
#include "model/record.hpp"

namespace usertags::index {

class TagIndex {
 public:
  struct KeyEntry {
    SortedBlocks<UserSet> values;
    UserSet users;
  };

  // Fills an empty index from the users, in the order of their ordinals. Throws std::bad_alloc.
  void load(std::span<const model::RecordPtr> users);

  // A step of one user from a version (none for a creation) to the next (a tombstone for a deletion).
  // Throws std::bad_alloc, with nothing changed.
  void prepare(const model::Record* before, const model::Record& after);
  // Undoes prepare().
  void cancel(const model::Record* before, const model::Record& after) noexcept;
  // Does what was prepared.
  void publish(const model::Record* before, const model::Record& after) noexcept;

  const KeyEntry* find(std::string_view key) const noexcept;
  const UserSet* find(std::string_view key, std::string_view value) const noexcept;
  const SortedBlocks<std::unique_ptr<KeyEntry>>& keys() const noexcept { return keys_; }

  std::size_t key_count() const noexcept { return keys_.size(); }
  std::size_t value_count() const noexcept { return value_count_; }
  std::size_t heap_bytes() const noexcept;

 private:
  void reserve(const Tag& tag, bool new_key);
  void release(const Tag& tag, bool new_key) noexcept;
  void add(const Tag& tag, bool new_key, std::uint32_t ordinal) noexcept;
  void remove(const Tag& tag, bool lost_key, std::uint32_t ordinal) noexcept;
  void erase_if_unused(KeyEntry& entry, const Tag& tag) noexcept;

  SortedBlocks<std::unique_ptr<KeyEntry>> keys_;
  std::size_t value_count_ = 0;
};

}   // namespace usertags::index
