// CreationOrder: all users in the order of their creation, which is that of their ordinals and of their ids.
// It leads from an ordinal or an id to the hash under which the directory keeps the user.
//
// Two levels: a list of leaves, in order, each of which holds the 1,024 ordinals of its number in parallel arrays:
// 12 bytes a user. Appending is O(1), but for a leaf that makes the list grow, by half, into a copy. Looking an
// id up is two binary searches. Ordinals of users who are gone stay as gaps; a leaf of nothing but gaps is
// freed.
//
// One thread at a time changes it; the caller sees to that. Any number of threads look meanwhile, without a
// lock, each under an EpochGuard (epochs.hpp). What is once told by `size`, or by a leaf's `used`, stays as it is,
// but for a user who goes, and for a leaf without users, which gives way to nothing.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "index/epochs.hpp"

namespace usertags::index {

class CreationOrder {
 public:
  struct Place {
    std::uint32_t ordinal = 0;
    std::uint32_t hash = 0;
  };

  explicit CreationOrder(Limbo& limbo) noexcept : limbo_(limbo) {}
  CreationOrder(const CreationOrder&) = delete;
  CreationOrder& operator=(const CreationOrder&) = delete;
  ~CreationOrder();

  // --- For the thread that changes it. ---

  // Makes room for an ordinal, so that append() cannot fail. Throws std::bad_alloc.
  void reserve(std::uint32_t ordinal);
  // What reserving it would add to heap_bytes(), but for the list of leaves: at most one leaf more comes with
  // each 1,024 users in a row.
  std::size_t growth(std::uint32_t first_ordinal, std::uint32_t last_ordinal) const noexcept;
  // Ordinals and ids (model::uuid_order) grow from call to call.
  void append(Place place, std::uint64_t id) noexcept;
  void remove(std::uint32_t ordinal) noexcept;
  std::uint64_t last_id() const noexcept;   // of the newest user there ever was; 0: none
  std::size_t heap_bytes() const noexcept;

  // --- Looking, under an EpochGuard. ---

  std::optional<Place> find_ordinal(std::uint32_t ordinal) const noexcept;
  std::optional<Place> find_id(std::uint64_t id) const noexcept;
  // Calls visitor(Place) for the users with ordinals above `after`, in order, until it answers false.
  template <class Visitor>
  void visit_after(std::uint32_t after, Visitor&& visitor) const;

 private:
  static constexpr std::size_t kLeafUsers = 1024;
  static constexpr std::size_t kWordBits = 64;

  struct Leaf final : Garbage {
    bool lives(std::size_t slot) const noexcept {
      return (living[slot / kWordBits].load(std::memory_order_acquire) >> slot % kWordBits & 1) != 0;
    }

    std::atomic<std::size_t> used{0};   // slots up to here are users or gaps
    std::array<std::atomic<std::uint64_t>, kLeafUsers / kWordBits> living{};
    std::array<std::uint64_t, kLeafUsers> ids;   // ascending; a gap has the id of the next user of the leaf
    std::array<std::uint32_t, kLeafUsers> hashes;
  };
  struct Entry {
    std::uint32_t number = 0;
    std::atomic<std::uint64_t> last_id{0};   // 0: no user yet
    std::atomic<Leaf*> leaf{nullptr};        // owned; null: all its users are gone
  };
  struct Leaves final : Garbage {
    explicit Leaves(std::size_t room) : capacity(room), entries(std::make_unique<Entry[]>(room)) {}
    const std::size_t capacity;
    const std::unique_ptr<Entry[]> entries;
    std::atomic<std::size_t> size{0};
  };

  static std::uint32_t leaf_number(std::uint32_t ordinal) noexcept { return ordinal / kLeafUsers; }
  static std::size_t slot_of(std::uint32_t ordinal) noexcept { return ordinal % kLeafUsers; }
  static std::uint32_t ordinal_at(std::uint32_t leaf, std::size_t slot) noexcept {
    return leaf * static_cast<std::uint32_t>(kLeafUsers) + static_cast<std::uint32_t>(slot);
  }

  std::span<Entry> entries() const noexcept;
  // The entry of the leaf with this number, or the first behind it.
  static std::span<Entry>::iterator entry_from(std::span<Entry> entries, std::uint32_t number) noexcept;
  Entry* entry_of(std::uint32_t ordinal) const noexcept;   // null: none
  Leaves& list_with_room();

  Limbo& limbo_;
  std::atomic<Leaves*> leaves_{nullptr};   // owned
  std::size_t held_ = 0;                   // leaves that are there
};

template <class Visitor>
void CreationOrder::visit_after(std::uint32_t after, Visitor&& visitor) const {
  if (after == UINT32_MAX) return;
  const std::uint32_t first = after + 1;
  const std::span<Entry> all = entries();
  for (auto entry = entry_from(all, leaf_number(first)); entry != all.end(); ++entry) {
    const Leaf* const leaf = entry->leaf.load(std::memory_order_seq_cst);
    if (leaf == nullptr) continue;
    const std::size_t used = leaf->used.load(std::memory_order_acquire);
    for (std::size_t slot = entry->number == leaf_number(first) ? slot_of(first) : 0; slot < used; ++slot) {
      if (!leaf->lives(slot)) continue;
      if (!visitor(Place{ordinal_at(entry->number, slot), leaf->hashes[slot]})) return;
    }
  }
}

}   // namespace usertags::index
