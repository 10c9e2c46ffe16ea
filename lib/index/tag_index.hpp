// TagIndex: from tags to users.
//
//   key ─▶ { value ─▶ set of users, set of users who have the key }, and the set of all users
//
// Keys and values are ordered (SortedBlocks), users are ordinals (UserSet), so that a selector can be
// evaluated by set operations, and patterns and comparisons by a walk over the ordered values of one key.
// Updates are in two steps, so that the second cannot fail: prepare() finds or makes the sets and the room in
// them, publish() fills them. Readers and updates are kept apart by the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "index/key_entry.hpp"
#include "index/sorted_blocks.hpp"
#include "index/step.hpp"
#include "index/tag_edits.hpp"
#include "index/user_set.hpp"
#include "model/record.hpp"

namespace usertags::index {

class TagIndex {
 public:
  // Fills an empty index from the users, in the order of their ordinals. Throws std::bad_alloc.
  void load(std::span<const model::RecordPtr> users);

  // What the steps of a group do to the sets. Throws std::bad_alloc, with nothing changed. Nothing else may
  // change the index until the edits are published or cancelled; the steps must live as long.
  TagEdits prepare(std::span<const Step> steps);
  void cancel(const TagEdits& edits) noexcept;
  void publish(const TagEdits& edits) noexcept;

  const KeyEntry* find(std::string_view key) const noexcept;
  const UserSet* find(std::string_view key, std::string_view value) const noexcept;
  const SortedBlocks<std::unique_ptr<KeyEntry>>& keys() const noexcept { return keys_; }
  const UserSet& users() const noexcept { return users_; }   // all who live, with tags or without

  struct Figures {
    std::size_t keys = 0;
    std::size_t values = 0;
    std::size_t heap_bytes = 0;
  };
  Figures figures() const noexcept;
  // What publishing the edits will add to heap_bytes, beyond the room that is prepared: negative where values
  // go. No less than it comes to. Throws std::bad_alloc.
  std::int64_t growth(const TagEdits& edits) const;

 private:
  void reserve(TagEdit& edit);
  void cancel(std::span<const TagEdit> edits) noexcept;
  void erase_if_unused(std::string_view key, std::string_view value) noexcept;
  void erase_key(std::string_view key, std::size_t most) noexcept;

  SortedBlocks<std::unique_ptr<KeyEntry>> keys_;
  KeyAccount account_;   // of all entries
  UserSet users_;
};

}   // namespace usertags::index
