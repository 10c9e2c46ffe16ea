// CreationOrder: all users in the order of their creation, which is that of their ordinals and of their ids.
// It leads from an ordinal or an id to the hash under which the directory keeps the user.
//
// Two levels: a flat_map of leaves, each of which holds the 1,024 ordinals of its number in parallel arrays:
// 12 bytes a user. Appending is O(1), but for a new leaf, which moves the pointers of the leaves. Looking an
// id up is two binary searches. Ordinals of users who are gone stay as gaps; a leaf of nothing but gaps is
// freed. The caller keeps readers and changes apart.
#pragma once

#include <array>
#include <bitset>
#include <boost/container/flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace usertags::index {

class CreationOrder {
 public:
  struct Place {
    std::uint32_t ordinal = 0;
    std::uint32_t hash = 0;
  };

  // Makes room for an ordinal, so that append() cannot fail. Throws std::bad_alloc.
  void reserve(std::uint32_t ordinal);
  // What reserving it would add to heap_bytes(), but for the list of leaves: at most one leaf more comes with
  // each 1,024 users in a row.
  std::size_t growth(std::uint32_t first_ordinal, std::uint32_t last_ordinal) const noexcept;
  // Ordinals and ids (model::uuid_order) grow from call to call.
  void append(Place place, std::uint64_t id) noexcept;
  void remove(std::uint32_t ordinal) noexcept;

  std::uint64_t last_id() const noexcept;   // of the newest user there ever was; 0: none
  std::optional<Place> find_ordinal(std::uint32_t ordinal) const noexcept;
  std::optional<Place> find_id(std::uint64_t id) const noexcept;

  // Calls visitor(Place) for the users with ordinals above `after`, in order, until it answers false.
  template <class Visitor>
  void visit_after(std::uint32_t after, Visitor&& visitor) const;

  std::size_t heap_bytes() const noexcept;

 private:
  static constexpr std::size_t kLeafUsers = 1024;

  struct Leaf {
    std::size_t used = 0;   // slots up to here are users or gaps
    std::bitset<kLeafUsers> living;
    std::array<std::uint64_t, kLeafUsers> ids;   // ascending; a gap has the id of the next user of the leaf
    std::array<std::uint32_t, kLeafUsers> hashes;
  };
  using Leaves = boost::container::flat_map<std::uint32_t, std::unique_ptr<Leaf>>;

  static std::uint32_t leaf_number(std::uint32_t ordinal) noexcept { return ordinal / kLeafUsers; }
  static std::size_t slot_of(std::uint32_t ordinal) noexcept { return ordinal % kLeafUsers; }
  static std::uint32_t ordinal_at(std::uint32_t leaf, std::size_t slot) noexcept {
    return leaf * static_cast<std::uint32_t>(kLeafUsers) + static_cast<std::uint32_t>(slot);
  }

  Leaves leaves_;
};

template <class Visitor>
void CreationOrder::visit_after(std::uint32_t after, Visitor&& visitor) const {
  const std::uint64_t first = std::uint64_t{after} + 1;
  if (first > UINT32_MAX) return;
  auto leaf = leaves_.lower_bound(leaf_number(static_cast<std::uint32_t>(first)));
  for (; leaf != leaves_.end(); ++leaf) {
    const bool is_first = leaf->first == leaf_number(static_cast<std::uint32_t>(first));
    for (std::size_t slot = is_first ? slot_of(static_cast<std::uint32_t>(first)) : 0;
         slot < leaf->second->used; ++slot) {
      if (!leaf->second->living[slot]) continue;
      if (!visitor(Place{ordinal_at(leaf->first, slot), leaf->second->hashes[slot]})) return;
    }
  }
}

}   // namespace usertags::index
