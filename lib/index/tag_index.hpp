// TagIndex: from tags to users, and what it is made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "index/sorted_blocks.hpp"
#include "index/user_set.hpp"
#include "model/record.hpp"

namespace usertags::index {

// One user's transition from version to version. A creation has no `before`; the `after` of a deletion is a
// tombstone.
struct Transition {
  model::RecordPtr before;
  model::RecordPtr after;

  bool creates() const noexcept { return !before; }
};

// What the entries of an index come to together, so that nobody has to look at each.
struct MemoryUsage {
  std::size_t values = 0;
  std::size_t heap_bytes = 0;   // beside the entries themselves
};

// KeyEntry: one tag key in the index. It has the key's values, each with the set of users who have it, and
// the set of users who have the key at all, and counts what they take.
//
// Adding cannot fail, because a value is made, and room in its set reserved, before. A value without users
// stays until it is erased.
class KeyEntry {
 public:
  // `usage` lives as long as the entry.
  explicit KeyEntry(MemoryUsage& usage) noexcept : usage_(&usage) {}
  // Whose usage has been added to another's: it is counted there from now on.
  void move_usage(MemoryUsage& usage) noexcept { usage_ = &usage; }
  // Before an empty entry goes: its share is taken off the usage.
  void release_usage() noexcept { usage_->heap_bytes -= values_.heap_bytes() + users_.heap_bytes(); }

  const SortedBlocks<UserSet>& values() const noexcept { return values_; }
  const UserSet& users() const noexcept { return users_; }
  bool empty() const noexcept { return values_.empty(); }

  // For filling an empty entry: values ascend from call to call. Throw std::bad_alloc.
  void append(std::string_view value, UserSet users);
  void set_users(UserSet users) noexcept;

  // The value is there from now on. Throws std::bad_alloc, with nothing changed.
  void make(std::string_view value);
  // The look-up of a value's set, which stays where it is until a value is made or erased.
  SortedBlocks<UserSet>::Sought sought(std::string_view value, UserSet*& found) noexcept {
    return {values_, value, found};
  }

  // Room for a user in the set of a value; `gains_key`: who has no other value of the key. Throws std::bad_alloc,
  // with nothing changed.
  void reserve(UserSet& users, bool gains_key);
  void cancel(UserSet& users, bool gains_key) noexcept;
  // A user comes to the set, using a reservation, or leaves it.
  void add(UserSet& users, bool gains_key, std::uint32_t ordinal) noexcept;
  void remove(UserSet& users, bool loses_key, std::uint32_t ordinal) noexcept;
  // A value that nobody has, and that awaits nobody. `most`: SortedBlocks::erase_if.
  void erase_if_unused(std::string_view value, std::size_t most) noexcept;

 private:
  template <class Edit>
  void edit(UserSet& users, Edit&& edit) {
    const std::size_t bytes = users.heap_bytes();
    edit(users);
    usage_->heap_bytes += users.heap_bytes() - bytes;
  }

  // Counts what becomes of the values while it lives.
  class ValuesUsage {
   public:
    explicit ValuesUsage(KeyEntry& entry) noexcept
        : entry_(entry), values_(entry.values_.size()), bytes_(entry.values_.heap_bytes()) {}
    ValuesUsage(const ValuesUsage&) = delete;
    ValuesUsage& operator=(const ValuesUsage&) = delete;
    ~ValuesUsage() {
      entry_.usage_->values += entry_.values_.size() - values_;
      entry_.usage_->heap_bytes += entry_.values_.heap_bytes() - bytes_;
    }

   private:
    KeyEntry& entry_;
    std::size_t values_;
    std::size_t bytes_;
  };

  MemoryUsage* usage_;
  SortedBlocks<UserSet> values_;
  UserSet users_;
};

// TagEdits: what the transitions of a group do to the sets of the tag index, worked out before the group is
// committed, so that publishing it has nothing to look for.

// One user's value of one key changes. Texts are those of the user's versions.
struct TagEdit {
  std::string_view key{};
  std::string_view old_value{};
  std::string_view new_value{};
  bool had_key = false;
  bool has_key = false;
  bool empties_old = false;   // `from` had nobody left when the user was out: it may be erased
  std::uint32_t ordinal = 0;

  KeyEntry* entry = nullptr;
  UserSet* from = nullptr;       // where the user is: null if not had_key
  UserSet* to = nullptr;         // where the user comes to: null if not has_key
  std::size_t values_then = 0;   // the key's values when `to` was found: it stays while there are as many
};

struct TagEdits {
  std::vector<TagEdit> tags;            // in the order of the transitions
  std::vector<std::uint32_t> created;   // ordinals
  std::vector<std::uint32_t> deleted;
  // How many of them have room in their sets.
  std::size_t tags_with_room = 0;
  std::size_t created_with_room = 0;
};

// What differs between the versions of each transition is added to the edits; sets are not looked for. Throws
// std::bad_alloc.
void add_differences(std::span<const Transition> transitions, TagEdits& edits);

// TagIndex: from tags to users.
//
//   key ─▶ { value ─▶ set of users, set of users who have the key }, and the set of all users
//
// Keys and values are ordered (SortedBlocks), users are ordinals (UserSet), so that a selector can be
// evaluated by set operations, and patterns and comparisons by a walk over the ordered values of one key.
// Updates are in steps, so that the last cannot fail: make_values() makes values that are new, for one part of a group
// after the other, make_room() finds the sets and makes room in them, publish() fills them. Readers and updates are
// kept apart by the caller.
class TagIndex {
 public:
  // Fills an empty index from the users, in the order of their ordinals. Throws std::bad_alloc.
  void load(std::span<const model::RecordPtr> users);

  // What the transitions of a group do to the sets. Nothing else may change the index until the edits are published or
  // cancelled; the versions must live as long. Throw std::bad_alloc: then the edits are to be cancelled.
  void make_values(std::span<const Transition> transitions, TagEdits& edits);
  void make_room(TagEdits& edits);
  void cancel(const TagEdits& edits) noexcept;   // after whichever step
  // All steps but the last. Throws std::bad_alloc, with nothing changed.
  TagEdits prepare(std::span<const Transition> transitions);
  void publish(TagEdits&& edits) noexcept;

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
  KeyEntry& made_entry(std::string_view key);
  static void find_sets(std::span<TagEdit> edits) noexcept;
  void erase_if_unused(std::string_view key, std::string_view value, std::size_t most) noexcept;
  void erase_key(std::string_view key, std::size_t most) noexcept;

  SortedBlocks<std::unique_ptr<KeyEntry>> keys_;
  MemoryUsage usage_;   // of all entries
  UserSet users_;
};

}   // namespace usertags::index
