// SlotTable: counted or owned objects by the hash of a text of theirs; an open-addressing hash table with
// linear probing. The directory keeps records in such tables, the token index tokens.
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
//
// The caller keeps readers and changes apart, but for prefetch() and prefetch_item(), which the one thread
// that calls reserve() may call at any time.
#pragma once

#include <algorithm>
#include <atomic>
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

// Pointer owns an Item, or a reference to one: Pointer::adopt(const Item*) and detach() lead to and from it.
// kText is the member function that answers the text by which an item is found.
template <class Pointer, auto kText, Growth kGrowth = Growth::by_a_quarter>
class SlotTable {
 public:
  using Item = std::remove_cvref_t<decltype(*std::declval<const Pointer&>())>;

  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  SlotTable() noexcept = default;
  SlotTable(const SlotTable&) = delete;
  SlotTable& operator=(const SlotTable&) = delete;
  ~SlotTable() {
    for (std::size_t place = 0; place < capacity_; ++place) {
      if (const std::uint64_t slot = load(place)) Pointer::adopt(item_in(slot));
    }
  }

  std::size_t size() const noexcept { return size_; }
  std::size_t heap_bytes() const noexcept { return capacity_ * sizeof(Slot); }
  // What it will take once reserve() has made room for so many items.
  std::size_t heap_bytes_for(std::size_t items) const noexcept { return capacity_for(items) * sizeof(Slot); }

  // Room for so many items. Throws std::bad_alloc, with nothing changed.
  void reserve(std::size_t items) {
    if (has_room(capacity_, items)) return;
    const std::size_t capacity = capacity_for(items);
    auto slots = std::make_unique<Slot[]>(capacity);
    const std::size_t old_capacity = std::exchange(capacity_, capacity);
    const auto old_slots = std::exchange(slots_, std::move(slots));
    size_ = 0;
    for (std::size_t place = 0; place < old_capacity; ++place) {
      const std::uint64_t slot = old_slots[place].load(std::memory_order_relaxed);
      if (slot == 0) continue;
      const Item* const item = item_in(slot);
      insert(hash_of(*item), Pointer::adopt(item));
    }
  }

  // The place of the item with this hash for which matches(const Item&) holds; kNone where none does.
  template <class Matches>
  std::size_t find(std::uint32_t hash, Matches&& matches) const {
    if (size_ == 0) return kNone;
    for (std::size_t place = home_of(hash);; place = after(place)) {
      const std::uint64_t slot = load(place);
      if (slot == 0) return kNone;
      if (tag_in(slot) == tag_of(hash) && matches(*item_in(slot))) return place;
    }
  }

  const Item& at(std::size_t place) const noexcept { return *item_in(load(place)); }

  // There is room.
  void insert(std::uint32_t hash, Pointer item) noexcept {
    assert(has_room(capacity_, size_ + 1));
    std::size_t place = home_of(hash);
    while (load(place) != 0) place = after(place);
    store(place, make_slot(tag_of(hash), item.detach()));
    ++size_;
  }

  // Puts an item of the same text in the place of another, which is answered.
  Pointer replace(std::size_t place, Pointer item) noexcept {
    const std::uint64_t slot = load(place);
    store(place, make_slot(tag_in(slot), item.detach()));
    return Pointer::adopt(item_in(slot));
  }

  Pointer erase(std::size_t place) noexcept {
    Pointer erased = Pointer::adopt(&at(place));
    for (std::size_t next = after(place); load(next) != 0; next = after(next)) {
      const std::size_t home = home_of(hash_of(at(next)));
      if (distance(home, next) < distance(place, next)) continue;   // it would stand before its home
      store(place, load(next));
      place = next;
    }
    store(place, 0);
    --size_;
    return erased;
  }

  // Fetch into the cache what a find will look at: its slots first; when they are there, the item.
  void prefetch(std::uint32_t hash) const noexcept {
    if (capacity_ != 0) __builtin_prefetch(&slots_[home_of(hash)]);
  }
  void prefetch_item(std::uint32_t hash) const noexcept {
    if (capacity_ == 0) return;
    for (std::size_t place = home_of(hash);; place = after(place)) {
      const std::uint64_t slot = load(place);
      if (slot == 0) return;
      if (tag_in(slot) != tag_of(hash)) continue;
      const char* const item = reinterpret_cast<const char*>(item_in(slot));
      __builtin_prefetch(item);
      __builtin_prefetch(item + 64);
      return;
    }
  }

 private:
  // Atomic for the sake of prefetch_item() alone, which may read a slot that is being changed.
  using Slot = std::atomic<std::uint64_t>;

  static constexpr unsigned kAddressBits = 48;
  static constexpr unsigned kHomeBits = 24;

  static std::uint32_t hash_of(const Item& item) noexcept { return slot_hash(std::invoke(kText, item)); }
  static bool has_room(std::size_t capacity, std::size_t items) noexcept { return items <= capacity / 5 * 4; }
  static std::size_t grown(std::size_t capacity) noexcept {
    return std::max(capacity + 10, kGrowth == Growth::twofold ? 2 * capacity : capacity / 4 * 5);
  }
  std::size_t capacity_for(std::size_t items) const noexcept {
    std::size_t capacity = capacity_;
    while (!has_room(capacity, items)) capacity = grown(capacity);
    return capacity;
  }
  static const Item* item_in(std::uint64_t slot) noexcept {
    return reinterpret_cast<const Item*>(slot & ((std::uint64_t{1} << kAddressBits) - 1));
  }
  static std::uint64_t tag_of(std::uint32_t hash) noexcept { return hash & 0xFFFFU; }
  static std::uint64_t tag_in(std::uint64_t slot) noexcept { return slot >> kAddressBits; }
  // Programs on today's 64-bit systems get no addresses beyond 48 bits, unless they ask for them.
  static std::uint64_t make_slot(std::uint64_t tag, const Item* item) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(item);
    static_assert(sizeof address == 8);
    assert(address >> kAddressBits == 0);
    return tag << kAddressBits | address;
  }

  std::uint64_t load(std::size_t place) const noexcept {
    return slots_[place].load(std::memory_order_relaxed);
  }
  void store(std::size_t place, std::uint64_t slot) noexcept {
    slots_[place].store(slot, std::memory_order_relaxed);
  }
  std::size_t home_of(std::uint32_t hash) const noexcept {
    constexpr std::uint32_t kMask = (std::uint32_t{1} << kHomeBits) - 1;
    return static_cast<std::size_t>(std::uint64_t{hash & kMask} * capacity_ >> kHomeBits);
  }
  std::size_t after(std::size_t place) const noexcept { return place + 1 == capacity_ ? 0 : place + 1; }
  std::size_t distance(std::size_t from, std::size_t to) const noexcept {
    return to >= from ? to - from : to + capacity_ - from;
  }

  std::unique_ptr<Slot[]> slots_;
  std::size_t capacity_ = 0;   // some slot is always free
  std::size_t size_ = 0;
};

}   // namespace usertags::index
