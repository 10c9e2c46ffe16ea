// RecordTable: records by the hash of their external id; an open-addressing hash table with linear probing.
//
//   slot    16 bits of the hash | address of the record, 48 bits       0: free
//   home    the hash's lower 24 bits, scaled to the number of slots
//
// Tag and address share a word, so that a look-up waits for two cache lines: that of its slots, and the
// record. A table of buckets with their metadata apart would wait for a third. Scaling instead of masking
// lets a table be of any size: it grows by a quarter and is never less than 64 % full once it has grown.
// Erasing moves later slots back (Knuth, TAOCP vol. 3, 6.4, algorithm R), so that there are no graves.
//
// With at most four fifths of the slots in use, a look-up that finds probes 3 slots, one that does not 13,
// on average (ibid.): a line holds 8.
//
// The caller keeps readers and changes apart, but for prefetch() and prefetch_record(), which the one thread
// that calls reserve() may call at any time.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string_view>

#include "model/record.hpp"

namespace usertags::index {

class RecordTable {
 public:
  static constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

  // 32 bits of XXH3-64. The upper eight are left to whoever divides users among tables.
  static std::uint32_t hash(std::string_view external_id) noexcept;

  RecordTable() noexcept = default;
  RecordTable(const RecordTable&) = delete;
  RecordTable& operator=(const RecordTable&) = delete;
  ~RecordTable();

  std::size_t size() const noexcept { return size_; }
  std::size_t heap_bytes() const noexcept { return capacity_ * sizeof(Slot); }

  // Room for so many records. Throws std::bad_alloc, with nothing changed.
  void reserve(std::size_t records);

  // The place of the record with this hash for which matches(const Record&) holds; kNone where none does.
  template <class Matches>
  std::size_t find(std::uint32_t hash, Matches&& matches) const;

  const model::Record& at(std::size_t place) const noexcept { return *record_in(load(place)); }
  // There is room.
  void insert(std::uint32_t hash, model::RecordPtr record) noexcept;
  // Puts a record of the same external id in the place of another, which is answered.
  model::RecordPtr replace(std::size_t place, model::RecordPtr record) noexcept;
  model::RecordPtr erase(std::size_t place) noexcept;

  // Fetch into the cache what a find will look at: its slots first; when they are there, the record.
  void prefetch(std::uint32_t hash) const noexcept;
  void prefetch_record(std::uint32_t hash) const noexcept;

 private:
  // Atomic for the sake of prefetch_record() alone, which may read a slot that is being changed.
  using Slot = std::atomic<std::uint64_t>;

  static constexpr unsigned kAddressBits = 48;
  static constexpr unsigned kHomeBits = 24;

  static const model::Record* record_in(std::uint64_t slot) noexcept {
    return reinterpret_cast<const model::Record*>(slot & ((std::uint64_t{1} << kAddressBits) - 1));
  }
  static std::uint64_t tag_of(std::uint32_t hash) noexcept { return hash & 0xFFFFU; }
  static std::uint64_t tag_in(std::uint64_t slot) noexcept { return slot >> kAddressBits; }
  static std::uint64_t make_slot(std::uint64_t tag, const model::Record* record) noexcept;

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

template <class Matches>
std::size_t RecordTable::find(std::uint32_t hash, Matches&& matches) const {
  if (size_ == 0) return kNone;
  for (std::size_t place = home_of(hash);; place = after(place)) {
    const std::uint64_t slot = load(place);
    if (slot == 0) return kNone;
    if (tag_in(slot) == tag_of(hash) && matches(*record_in(slot))) return place;
  }
}

}   // namespace usertags::index
