// Slots: how open-addressing hash tables with linear probing are laid out. The directory keeps records in one
// whose readers take no lock (record_table.hpp), the token index tokens in a SlotTable.
//
//   slot    16 bits of the hash | address of the item, 48 bits       0: free
//   home    the hash's lower 24 bits, scaled to the number of slots
//
// Tag and address share a word, so that a look-up waits for two cache lines: that of its slots, and the item.
// A table of buckets with their metadata apart would wait for a third. Scaling instead of masking lets a
// table be of any size. Growing looks at every item: one that grows by a quarter is never less than 64 % full
// once it has grown, and moves each item four times on its way; one that doubles, once, and is 40 % full. The
// sizes are the same whichever way it grows: a table that is loaded in one go takes no more than one that
// came to the same items by and by (store/write/memory_budget.hpp). Erasing moves later slots back (Knuth,
// TAOCP vol. 3, 6.4, algorithm R), so that there are no graves.
//
// With at most four fifths of the slots in use, a look-up that finds probes 3 slots, one that does not 13,
// on average (ibid.): a line holds 8.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace usertags::index {

// 32 bits of XXH3-64. The upper eight are left to whoever divides items among tables.
std::uint32_t slot_hash(std::string_view text) noexcept;

enum class Growth : std::uint8_t { by_a_quarter, twofold };

// Of one table of `capacity` slots: some slot is always free.
namespace slots {

inline constexpr unsigned kAddressBits = 48;
inline constexpr unsigned kHomeBits = 24;

constexpr bool has_room(std::size_t capacity, std::size_t items) noexcept {
  return items <= capacity / 5 * 4;
}
// Of a table of now `capacity` slots that is to have room for so many items.
constexpr std::size_t capacity_for(std::size_t capacity, std::size_t items, Growth growth) noexcept {
  while (!has_room(capacity, items))
    capacity = std::max(capacity + 10, growth == Growth::twofold ? 2 * capacity : capacity / 4 * 5);
  return capacity;
}

// Programs on today's 64-bit systems get no addresses beyond 48 bits, unless they ask for them.
inline std::uint64_t make(std::uint64_t tag, std::uintptr_t address) noexcept {
  static_assert(sizeof address == 8);
  assert(address >> kAddressBits == 0);
  return tag << kAddressBits | address;
}
constexpr std::uintptr_t address_in(std::uint64_t slot) noexcept {
  return slot & ((std::uint64_t{1} << kAddressBits) - 1);
}
constexpr std::uint64_t tag_of(std::uint32_t hash) noexcept {
  return hash & 0xFFFFU;
}
constexpr std::uint64_t tag_in(std::uint64_t slot) noexcept {
  return slot >> kAddressBits;
}

constexpr std::size_t home_of(std::uint32_t hash, std::size_t capacity) noexcept {
  constexpr std::uint32_t kMask = (std::uint32_t{1} << kHomeBits) - 1;
  return static_cast<std::size_t>(std::uint64_t{hash & kMask} * capacity >> kHomeBits);
}
constexpr std::size_t after(std::size_t place, std::size_t capacity) noexcept {
  return place + 1 == capacity ? 0 : place + 1;
}
constexpr std::size_t distance(std::size_t from, std::size_t to, std::size_t capacity) noexcept {
  return to >= from ? to - from : to + capacity - from;
}

// Takes the slot at `place` out, and moves later ones back over the gap. load(place) and store(place, slot) reach
// the slots, hash_in(slot) is the hash of what a slot leads to.
template <class Load, class Store, class HashIn>
void erase(std::size_t place, std::size_t capacity, Load&& load, Store&& store, HashIn&& hash_in) noexcept {
  for (std::size_t next = after(place, capacity);; next = after(next, capacity)) {
    const std::uint64_t slot = load(next);
    if (slot == 0) break;
    const std::size_t home = home_of(hash_in(slot), capacity);
    if (distance(home, next, capacity) < distance(place, next, capacity))
      continue;   // it would stand before its home
    store(place, slot);
    place = next;
  }
  store(place, 0);
}

}   // namespace slots

// SlotTable: owned objects by the hash of a text of theirs. The caller keeps readers and changes apart.
//
// Pointer owns an Item, or a reference to one: Pointer::adopt(const Item*) and detach() lead to and from it.
// kText is the member function that answers the text by which an item is found.
template <class Pointer, auto kText, Growth kGrowth>
class SlotTable {
 public:
  using Item = std::remove_cvref_t<decltype(*std::declval<const Pointer&>())>;

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  SlotTable() noexcept = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for (std::size_t place = 0; place < capacity_; ++place) {
      if (slots_[place] != 0) Pointer::adopt(item_in(slots_[place]));
    }
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t heap_bytes() const noexcept { return capacity_ * sizeof(std::uint64_t); }
  // What it will take once reserve() has made room for so many items.
  std::size_t heap_bytes_for(std::size_t items) const noexcept {
    return slots::capacity_for(capacity_, items, kGrowth) * sizeof(std::uint64_t);
  }

  // Room for so many items. Throws std::bad_alloc, with nothing changed.
  void reserve(std::size_t items) {
    if (slots::has_room(capacity_, items)) return;
    const std::size_t capacity = slots::capacity_for(capacity_, items, kGrowth);
    auto slots = std::make_unique<std::uint64_t[]>(capacity);
    const std::size_t old_capacity = std::exchange(capacity_, capacity);
    const auto old_slots = std::exchange(slots_, std::move(slots));
    size_ = 0;
    for (std::size_t place = 0; place < old_capacity; ++place) {
      if (old_slots[place] == 0) continue;
      const Item* const item = item_in(old_slots[place]);
      insert(hash_of(*item), Pointer::adopt(item));
    }
  }

  // The place of the item with this hash for which matches(const Item&) holds; kNone where none does.
  template <class Matches>
  std::size_t find(std::uint32_t hash, Matches&& matches) const {
    if (size_ == 0) return kNone;
    for (std::size_t place = slots::home_of(hash, capacity_);; place = after(place)) {
      const std::uint64_t slot = slots_[place];
      if (slot == 0) return kNone;
      if (slots::tag_in(slot) == slots::tag_of(hash) && matches(*item_in(slot))) return place;
    }
  }

  const Item& at(std::size_t place) const noexcept { return *item_in(slots_[place]); }

  // There is room.
  void insert(std::uint32_t hash, Pointer item) noexcept {
    assert(slots::has_room(capacity_, size_ + 1));
    std::size_t place = slots::home_of(hash, capacity_);
    while (slots_[place] != 0) place = after(place);
    slots_[place] = slots::make(slots::tag_of(hash), reinterpret_cast<std::uintptr_t>(item.detach()));
    ++size_;
  }

  Pointer erase(std::size_t place) noexcept {
    Pointer erased = Pointer::adopt(&at(place));
    slots::erase(
        place, capacity_, [&](std::size_t at) { return slots_[at]; },
        [&](std::size_t at, std::uint64_t slot) { slots_[at] = slot; },
        [](std::uint64_t slot) { return hash_of(*item_in(slot)); });
    --size_;
    return erased;
  }

  // Fetches into the cache the slots that a find will look at first.
  void prefetch(std::uint32_t hash) const noexcept {
    if (capacity_ != 0) __builtin_prefetch(&slots_[slots::home_of(hash, capacity_)]);
  }

 private:
  static std::uint32_t hash_of(const Item& item) noexcept { return slot_hash(std::invoke(kText, item)); }
  static const Item* item_in(std::uint64_t slot) noexcept {
    return reinterpret_cast<const Item*>(slots::address_in(slot));
  }
  std::size_t after(std::size_t place) const noexcept { return slots::after(place, capacity_); }

  std::unique_ptr<std::uint64_t[]> slots_;
  std::size_t capacity_ = 0;
  std::size_t size_ = 0;
};

}   // namespace usertags::index
